"""`clipforge queues`, `jobs` and `dead-letters`: what waits, runs, has ended and has failed."""

from itertools import islice
from typing import Annotated, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.options import AsJson
from clipforge_client.models import DeadLetter
from clipforge_client.terminal import note, print_done, print_json, print_list, print_table, say

QueueName = Literal[
    "video-import", "transcription", "clip-detection", "video-export", "maintenance", "webhooks"
]
State = Literal["waiting", "active", "delayed", "deferred", "completed", "failed", "cancelled"]

queues = typer.Typer(
    help="Show how much waits, runs and has ended in each queue; pause and resume one.",
    invoke_without_command=True,
)
dead_letters = typer.Typer(help="Work that failed for good.", no_args_is_help=True)

QueueArgument = Annotated[QueueName, typer.Argument(metavar="QUEUE", help="Such as transcription.")]
QueueOption = Annotated[
    QueueName | None, typer.Option(metavar="QUEUE", help="Of one queue, such as transcription.")
]
ReasonOption = Annotated[
    str, typer.Option(metavar="CODE", help="With this reason, such as unreachable.")
]
ProjectOption = Annotated[str, typer.Option("--project", metavar="PROJECT", help="Of one project.")]
TenantOption = Annotated[
    str, typer.Option(metavar="TENANT", help="For operators: another tenant's, or `all`.")
]
LimitOption = Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Id, such as job_01h...")]


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
    names = ("waiting", "active", "delayed", "deferred", "completed", "failed")
    print_table(
        ("queue", *names, "oldest", "an hour", "mean", "p95", ""),
        (
            (
                queue,
                *(str(getattr(one, name)) for name in names),
                _seconds(one.oldest_waiting_seconds),
                str(one.completed_last_hour),
                _seconds(one.mean_seconds),
                _seconds(one.p95_seconds),
                "paused" if one.paused else "partly paused" if one.partly_paused else "",
            )
            for queue, one in found.items()
        ),
        nothing="There are no queues.",
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


def jobs(
    queue: QueueOption = None,
    state: Annotated[
        State | None, typer.Option(metavar="STATE", help="Such as active, delayed or failed.")
    ] = None,
    project_id: ProjectOption = "",
    tenant: TenantOption = "",
    limit: LimitOption = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first: what waits, runs and has ended."""
    with Client() as client:
        pages = client.jobs(
            queue=queue or "",
            state=state or "",
            project_id=project_id,
            tenant=tenant,
            limit=min(limit, 100),
        )
        found = list(islice(pages, limit))
    print_list(
        found,
        ("id", "queue", "state", "done", "left", "tries", "about"),
        lambda one: (
            one.id,
            one.queue,
            one.state,
            f"{one.progress.percent:.0f} %",
            _seconds(one.progress.seconds_left),
            str(one.attempts),
            one.about,
        ),
        nothing="There are no such jobs.",
        as_json=as_json,
    )


@dead_letters.command("list")
def list_dead_letters(
    queue: QueueOption = None,
    reason: ReasonOption = "",
    project_id: ProjectOption = "",
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
def show_dead_letter(job_id: JobArgument, as_json: AsJson = False) -> None:
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
        list[str] | None, typer.Argument(metavar="JOB", help="Ids, such as job_01h...")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that fit the other options.")] = False,
    queue: QueueOption = None,
    reason: ReasonOption = "",
    project_id: ProjectOption = "",
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
                queue=queue or "", reason=reason, project_id=project_id, tenant=tenant
            )
            replayed += done.replayed
            every = done.more and done.replayed > 0
    print_done(f"{replayed} replayed.", as_json=as_json, replayed=replayed)


def _why(letter: DeadLetter) -> tuple[str, str]:
    failure = letter.failure
    return (failure.reason, failure.sentence) if failure else ("", "")


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
