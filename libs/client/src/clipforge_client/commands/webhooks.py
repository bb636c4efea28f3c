"""`clipforge webhooks`: addresses that hear of events, and what was delivered to them."""

from itertools import islice
from typing import Annotated, Final, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import webhook_ids
from clipforge_client.commands.options import AsJson, LimitOption, MatchOption
from clipforge_client.models import NewWebhook, Webhook, WebhookDelivery
from clipforge_client.terminal import note, print_done, print_json, print_list, say

EVERY: Final = ("project.ready", "project.failed", "export.completed", "export.failed")

webhooks = typer.Typer(help="Have events sent to your own server.", no_args_is_help=True)

WebhookArgument = Annotated[
    str,
    typer.Argument(metavar="WEBHOOK", help="Id, such as whk_01h...", autocompletion=webhook_ids),
]
DeliveryArgument = Annotated[str, typer.Argument(metavar="DELIVERY", help="Id: dlv_01h...")]


def _known(events: list[str] | None) -> list[str] | None:
    for event in events or ():
        if event not in EVERY:
            raise typer.BadParameter(f"{event!r} is not one of {', '.join(map(repr, EVERY))}.")
    return events


EventsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        metavar="EVENT",
        callback=_known,
        help=f"One of {', '.join(EVERY)}; may be repeated.",
    ),
]
DescriptionOption = Annotated[
    str | None, typer.Option(metavar="TEXT", show_default=False, help="What it is for.")
]


@webhooks.command("list")
def list_webhooks(limit: LimitOption = 20, as_json: AsJson = False) -> None:
    """List webhooks, newest first."""
    with Client() as client:
        found = list(islice(client.webhooks(limit=min(limit, 100)), limit))
    print_list(
        found,
        ("id", "state", "events", "url"),
        lambda one: (one.id, _state(one), " ".join(one.events), one.url),
        nothing="There are no webhooks.",
        as_json=as_json,
    )


@webhooks.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="https address that takes a POST.")],
    events: EventsOption = None,
    description: DescriptionOption = None,
    as_json: AsJson = False,
) -> None:
    """Have events sent to an address, and print the secret that they are signed with."""
    with Client() as client:
        made = client.create_webhook(url, events or EVERY, description=description or "")
    _print_secret(made, as_json=as_json)
    if not as_json:
        note(f"Try it out: clipforge webhooks test {made.id}")


@webhooks.command("show")
def show_webhook(webhook_id: WebhookArgument, as_json: AsJson = False) -> None:
    """Show one webhook, and whether it works."""
    with Client() as client:
        _print(client.webhook(webhook_id), as_json=as_json)


@webhooks.command("update")
def update_webhook(
    webhook_id: WebhookArgument,
    url: Annotated[
        str | None, typer.Option(metavar="URL", show_default=False, help="Its new address.")
    ] = None,
    events: EventsOption = None,
    description: DescriptionOption = None,
    enabled: Annotated[
        bool | None,
        typer.Option("--enable/--disable", show_default=False, help="Send to it, or do not."),
    ] = None,
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Change what is named; the rest stays as it is."""
    with Client() as client:
        changed = client.update_webhook(
            webhook_id,
            url=url,
            events=events or None,
            description=description,
            enabled=enabled,
            if_match=if_match,
        )
    _print(changed, as_json=as_json)


@webhooks.command("remove")
def remove_webhook(webhook_id: WebhookArgument, as_json: AsJson = False) -> None:
    """Send it nothing more, and forget what was delivered."""
    with Client() as client:
        client.delete_webhook(webhook_id)
    print_done(f"{webhook_id} is removed.", as_json=as_json, id=webhook_id, deleted=True)


@webhooks.command("rotate")
def rotate(webhook_id: WebhookArgument, as_json: AsJson = False) -> None:
    """Make a new secret and print it. For 24 hours events are signed with both."""
    with Client() as client:
        made = client.rotate_webhook_secret(webhook_id)
    _print_secret(made, as_json=as_json)


@webhooks.command("test")
def send_test(webhook_id: WebhookArgument, as_json: AsJson = False) -> None:
    """Have a test event sent."""
    with Client() as client:
        sent = client.send_test_event(webhook_id)
    _print_sent(sent, as_json=as_json)


@webhooks.command("deliveries")
def deliveries(
    webhook_id: WebhookArgument,
    delivery_id: Annotated[
        str, typer.Argument(metavar="[DELIVERY]", help="One of them, with each attempt.")
    ] = "",
    state: Annotated[
        Literal["waiting", "delivered", "failed"] | None,
        typer.Option(metavar="STATE", help="waiting, delivered or failed."),
    ] = None,
    limit: LimitOption = 20,
    as_json: AsJson = False,
) -> None:
    """List what was delivered, newest first; or show one delivery."""
    with Client() as client:
        if delivery_id:
            print_json(client.webhook_delivery(webhook_id, delivery_id).model_dump(mode="json"))
            return
        pages = client.webhook_deliveries(webhook_id, state=state or "", limit=min(limit, 100))
        found = list(islice(pages, limit))
    print_list(
        found,
        ("id", "event", "state", "tries", "why"),
        lambda one: (
            one.id,
            one.event,
            one.state,
            str(one.attempt_count),
            one.failure.sentence if one.failure else "",
        ),
        nothing="Nothing was delivered.",
        as_json=as_json,
    )


@webhooks.command("redeliver")
def redeliver(
    webhook_id: WebhookArgument, delivery_id: DeliveryArgument, as_json: AsJson = False
) -> None:
    """Deliver one event once more."""
    with Client() as client:
        sent = client.redeliver(webhook_id, delivery_id)
    _print_sent(sent, as_json=as_json)


def _print(one: Webhook, *, as_json: bool) -> None:
    if as_json:
        print_json(one.model_dump(mode="json"))
        return
    say(f"{one.url} ({_state(one)})")
    say(f"  events      {' '.join(one.events)}")
    if one.description:
        say(f"  for         {one.description}")
    if one.accepted_at:
        say(f"  accepted    {one.accepted_at.isoformat(timespec='seconds')}")
    if one.failing_since:
        say(f"  failing     since {one.failing_since.isoformat(timespec='seconds')}")
    if one.disabled:
        note(one.disabled.sentence)


def _print_secret(made: NewWebhook, *, as_json: bool) -> None:
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    say(made.id)
    say(made.secret)
    note("This is the only time that the secret is shown: give it to your receiver.")


def _print_sent(sent: WebhookDelivery, *, as_json: bool) -> None:
    if as_json:
        print_json(sent.model_dump(mode="json"))
        return
    say(sent.id)
    note(f"What came of it: clipforge webhooks deliveries {sent.webhook_id} {sent.id}")


def _state(one: Webhook) -> str:
    if not one.enabled:
        return "disabled"
    return "failing" if one.failing_since else "enabled"
