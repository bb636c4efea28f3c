"""`clipforge queues`: how much waits, runs and has ended in each."""

from itertools import islice
from typing import Annotated, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import project_ids
from clipforge_client.commands.listing import Listing
from clipforge_client.commands.options import AsJson, LimitOption
from clipforge_client.models import Queue
from clipforge_client.terminal import print_done, print_json, print_list, print_table, say

QueueName = Literal[
    "video-import", "transcription", "clip-detection", "video-export", "maintenance", "webhooks"
]

queues = typer.Typer(
    help="Show how much waits, runs and has ended in each queue; pause and resume one.",
    cls=Listing,
    invoke_without_command=True,
)

QueueArgument = Annotated[QueueName, typer.Argument(metavar="QUEUE", help="Such as transcription.")]
QueueOption = Annotated[
    QueueName | None, typer.Option(metavar="QUEUE", help="Of one queue, such as transcription.")
]
ProjectOption = Annotated[
    str,
    typer.Option(
        "--project", metavar="PROJECT", help="Of one project.", autocompletion=project_ids
    ),
]
TenantOption = Annotated[
    str, typer.Option(metavar="TENANT", help="For operators: another tenant's, or `all`.")
]


@queues.callback()
def show_queues(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how much waits, runs and has ended in each queue; pause and resume one."""
    if context.invoked_subcommand:
        return
    with Client() as client:
        found = client.queues()
    if as_json:
        print_json({name: queue.model_dump(mode="json") for name, queue in found.items()})
        return
    _print_table(found)


@queues.command("show")
def show_queue(queue: QueueArgument, as_json: AsJson = False) -> None:
    """Show one queue, and what each priority has in it."""
    with Client() as client:
        found = client.queue(queue)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    _print_table({queue: found})
    for priority, numbers in found.priorities.items():
        say(f"  {priority:<10}{numbers['waiting']} waiting, {numbers['active']} active")


@queues.command("tenants")
def list_shares(queue: QueueArgument, limit: LimitOption = 20, as_json: AsJson = False) -> None:
    """List the tenants with the most work outstanding in a queue. For operators."""
    with Client() as client:
        found = list(islice(client.queue_tenants(queue, limit=min(limit, 100)), limit))
    print_list(
        found,
        ("tenant", "outstanding", "completed", "failed", "oldest", "an hour", "mean", "p95"),
        lambda one: (
            one.tenant_id,
            str(one.outstanding),
            str(one.completed),
            str(one.failed),
            seconds_of(one.oldest_outstanding_seconds),
            str(one.completed_last_hour),
            seconds_of(one.mean_seconds),
            seconds_of(one.p95_seconds),
        ),
        nothing="Nobody has work there.",
        as_json=as_json,
    )


@queues.command("pause")
def pause(queue: QueueArgument, as_json: AsJson = False) -> None:
    """Start nothing more in a queue, in no worker. What runs may finish. For operators."""
    with Client() as client:
        client.pause_queue(queue)
    told = f"{queue} is paused. Go on: clipforge queues resume {queue}"
    print_done(told, as_json=as_json, queue=queue, paused=True)


@queues.command("resume")
def resume(queue: QueueArgument, as_json: AsJson = False) -> None:
    """Go on with a queue. For operators."""
    with Client() as client:
        waiting = client.resume_queue(queue).waiting
    told = f"{queue} goes on, {waiting} waiting."
    print_done(told, as_json=as_json, queue=queue, paused=False, waiting=waiting)


def _print_table(found: dict[str, Queue]) -> None:
    names = ("waiting", "active", "delayed", "deferred", "completed", "failed")
    print_table(
        ("queue", *names, "oldest", "an hour", "mean", "p95", ""),
        (
            (
                queue,
                *(str(getattr(one, name)) for name in names),
                seconds_of(one.oldest_waiting_seconds),
                str(one.completed_last_hour),
                seconds_of(one.mean_seconds),
                seconds_of(one.p95_seconds),
                "paused" if one.paused else "partly paused" if one.partly_paused else "",
            )
            for queue, one in found.items()
        ),
        nothing="There are no queues.",
    )


def seconds_of(seconds: float | None) -> str:
    """As a table shows them; nothing where there are none."""
    return "" if seconds is None else f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
