"""`clipforge dead-letters`: work that failed for good, and is done after all."""

from itertools import islice
from typing import Annotated

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import dead_letter_ids
from clipforge_client.commands.options import AsJson, LimitOption, SinceOption, UntilOption, moment
from clipforge_client.commands.queues import ProjectOption, QueueOption, TenantOption
from clipforge_client.models import DeadLetter
from clipforge_client.terminal import note, print_done, print_json, print_list, say

dead_letters = typer.Typer(help="Work that failed for good.", no_args_is_help=True)
ReasonOption = Annotated[
    str, typer.Option(metavar="CODE", help="With this reason, such as unreachable.")
]
LetterArgument = Annotated[
    str,
    typer.Argument(metavar="JOB", help="Id, such as job_01h...", autocompletion=dead_letter_ids),
]


@dead_letters.command("list")
def list_dead_letters(
    queue: QueueOption = None,
    reason: ReasonOption = "",
    project_id: ProjectOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    tenant: TenantOption = "",
    limit: LimitOption = 20,
    as_json: AsJson = False,
) -> None:
    """List what failed for good and was not replayed, newest first."""
    with Client() as client:
        pages = client.dead_letters(
            queue=queue or "",
            reason=reason,
            project_id=project_id,
            since=moment(since),
            until=moment(until),
            tenant=tenant,
            limit=min(limit, 100),
        )
        found = list(islice(pages, limit))
    print_list(
        found,
        ("id", "queue", "reason", "why"),
        lambda one: (one.id, one.queue, *_why(one)),
        nothing="Nothing has failed for good.",
        as_json=as_json,
    )


@dead_letters.command("show")
def show_dead_letter(job_id: LetterArgument, as_json: AsJson = False) -> None:
    """Show why a job failed for good; with a key of the role admin, what began it, too."""
    with Client() as client:
        letter = client.dead_letter(job_id)
    if as_json:
        print_json(letter.model_dump(mode="json"))
        return
    reason, why = _why(letter)
    say(f"{letter.queue}: {why} ({reason})")
    say(f"  about     {letter.about}")
    say(f"  tries     {letter.attempts}, crashes {letter.crashes}")
    for name in ("detail", "trace_id", "cause_type", "replayed_as"):
        if value := getattr(letter, name):
            say(f"  {name.replace('_', ' '):<10}{value}")
    if letter.cause:
        print_json(letter.cause)
    if not letter.replayed_as:
        note(f"Do it after all: clipforge dead-letters replay {letter.id}")


@dead_letters.command("replay")
def replay(
    job_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="JOB", help="Ids, such as job_01h...", autocompletion=dead_letter_ids
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that fit the other options.")] = False,
    queue: QueueOption = None,
    reason: ReasonOption = "",
    project_id: ProjectOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    tenant: TenantOption = "",
    as_json: AsJson = False,
) -> None:
    """Do failed work after all: some jobs by their ids, or --all that fit the options."""
    if bool(job_ids) == every:
        raise typer.BadParameter("name jobs, or say --all.", param_hint="JOB")
    replayed = 0
    with Client() as client:
        for job_id in job_ids or ():
            job = client.replay(job_id)
            replayed += 1
            if not as_json:
                say(job.id)
        while every:
            done = client.replay_all(
                queue=queue or "",
                reason=reason,
                project_id=project_id,
                since=moment(since),
                until=moment(until),
                tenant=tenant,
            )
            replayed += done.replayed
            every = done.more and done.replayed > 0
    print_done(f"{replayed} replayed.", as_json=as_json, replayed=replayed)


def _why(letter: DeadLetter) -> tuple[str, str]:
    failure = letter.failure
    return (failure.reason, failure.sentence) if failure else ("", "")
