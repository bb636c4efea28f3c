"""`clipforge jobs`: what waits, runs and has ended."""

from itertools import islice
from typing import Annotated, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.listing import Listing
from clipforge_client.commands.options import AsJson, LimitOption
from clipforge_client.commands.queues import (
    ProjectOption,
    QueueArgument,
    QueueOption,
    TenantOption,
    seconds_of,
)
from clipforge_client.terminal import note, print_json, print_list, say

jobs = typer.Typer(
    help="List jobs, newest first: what waits, runs and has ended. Or show one.",
    cls=Listing,
    invoke_without_command=True,
)
State = Literal["waiting", "active", "delayed", "deferred", "completed", "failed", "cancelled"]


@jobs.callback()
def list_jobs(
    context: typer.Context,
    queue: QueueOption = None,
    state: Annotated[
        State | None, typer.Option(metavar="STATE", help="Such as active, delayed or failed.")
    ] = None,
    project_id: ProjectOption = "",
    tenant: TenantOption = "",
    limit: LimitOption = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first: what waits, runs and has ended. Or show one."""
    if context.invoked_subcommand:
        return
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
            seconds_of(one.progress.seconds_left),
            str(one.attempts),
            one.about,
        ),
        nothing="There are no such jobs.",
        as_json=as_json,
    )


@jobs.command("show")
def show_job(
    queue: QueueArgument,
    job_id: Annotated[str, typer.Argument(metavar="JOB", help="Id, such as job_01h...")],
    as_json: AsJson = False,
) -> None:
    """Show one job of a queue: its state and tries, and where it failed, why."""
    with Client() as client:
        job = client.job(queue, job_id)
    if as_json:
        print_json(job.model_dump(mode="json"))
        return
    say(f"{job.queue}: {job.state}")
    say(f"  done      {job.progress.percent:.0f} %  {job.progress.step}")
    say(f"  about     {job.about}")
    say(f"  tries     {job.attempts}, priority {job.priority}")
    for name, at in (
        ("waits", job.waiting_since),
        ("began", job.began_at),
        ("ended", job.finished_at),
    ):
        if at:
            say(f"  {name:<10}{at.isoformat(timespec='seconds')}")
    if job.failure:
        say(f"  failed    {job.failure.sentence} ({job.failure.reason})")
        note(f"Do it after all: clipforge dead-letters replay {job.id}")
