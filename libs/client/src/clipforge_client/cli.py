"""The `clipforge` command. Further commands come by the entry-point group `clipforge.commands`."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from clipforge_client.client import WAIT, Client
from clipforge_client.errors import ClientError, Unreachable

UNREACHABLE = 3
FAILED = 1

app = typer.Typer(
    name="clipforge",
    help="Turn long videos into captioned short clips.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
projects = typer.Typer(help="Films and where they stand.", no_args_is_help=True)
app.add_typer(projects, name="projects")
events = typer.Typer(help="What happens to a project.", no_args_is_help=True)
app.add_typer(events, name="events")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines, on stdout.")]


@projects.command("list")
def list_projects(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Projects, newest first."""
    with Client() as client:
        found = [
            one
            for one, _ in zip(client.projects(limit=min(limit, 100)), range(limit), strict=False)
        ]
    if as_json:
        _print_json([one.model_dump(mode="json") for one in found])
        return
    table = Table("id", "title", "state", "progress", "clips", box=None)
    for one in found:
        table.add_row(
            one.id, one.title, one.state, f"{one.progress.percent:.0f} %", str(one.clip_count)
        )
    out.print(table)


@projects.command("show")
def show_project(project_id: str, as_json: AsJson = False) -> None:
    """One project."""
    with Client() as client:
        project = client.project(project_id)
    if as_json:
        _print_json(project.model_dump(mode="json"))
        return
    out.print(f"{project.title or project.id}: {project.state} ({project.progress.step})")
    if project.notice:
        out.print(f"note: {project.notice}")
    if project.failure:
        out.print(f"{project.failure.stage}: {project.failure.sentence}")
    for stage, seconds in project.seconds_per_stage.items():
        out.print(f"  {stage:<16}{seconds:8.1f} s")


@projects.command("cancel")
def cancel_project(project_id: str) -> None:
    """Stop a project."""
    with Client() as client:
        out.print(client.cancel_project(project_id).state)


@projects.command("delete")
def delete_project(project_id: str) -> None:
    """Delete a project and what nothing else refers to."""
    with Client() as client:
        client.delete_project(project_id)


@app.command("clips")
def list_clips(
    project_id: str,
    order: Annotated[str, typer.Option(help="score or time")] = "score",
    as_json: AsJson = False,
) -> None:
    """The clips of a project, best first."""
    with Client() as client:
        found = client.clips(project_id, order=order)
    if as_json:
        _print_json([one.model_dump(mode="json") for one in found])
        return
    table = Table("id", "from", "to", "score", "title", box=None)
    for one in found:
        table.add_row(one.id, clock(one.start_ms), clock(one.end_ms), str(one.score), one.title)
    out.print(table)


@app.command("export")
def export_clip(
    clip_id: str,
    aspect: Annotated[str, typer.Option(help="9:16, 1:1, 4:5 or 16:9")] = "9:16",
    style: Annotated[str, typer.Option(help="Caption style, or none")] = "pop",
    quality: Annotated[str, typer.Option(help="draft or standard")] = "standard",
    as_json: AsJson = False,
) -> None:
    """Render a clip and print where to get it."""
    with Client() as client:
        export = client.create_export(clip_id, aspect=aspect, style=style, quality=quality)
        while not export.over:
            export = client.export(export.id, wait=WAIT)
    if as_json:
        _print_json(export.model_dump(mode="json"))
    elif export.state == "completed":
        for name, url in export.files.items():
            out.print(f"{name}: {url}", soft_wrap=True)
    else:
        err.print(export.failure.sentence if export.failure else export.state)
    if export.state != "completed":
        raise typer.Exit(FAILED)


@app.command("queues")
def queues(as_json: AsJson = False) -> None:
    """How much waits, runs and has ended in each queue."""
    with Client() as client:
        found = client.queues()
    if as_json:
        _print_json(found)
        return
    names = ("waiting", "active", "delayed", "completed", "failed")
    table = Table("queue", *names, box=None)
    for queue, numbers in found.items():
        table.add_row(queue, *(str(numbers[name]) for name in names))
    out.print(table)


@events.command("tail")
def tail(project_id: str, as_json: AsJson = False) -> None:
    """Everything that happens to a project, as it happens. Ctrl-C ends it."""
    with Client() as client:
        for event in client.events(project_id):
            if as_json:
                _print_json({"name": event.name, "id": event.id, **event.data})
            else:
                out.print(told(event.name, event.data))


@events.command("show")
def show_events(project_id: str) -> None:
    """What has happened to a project so far."""
    with Client() as client:
        project = client.project(project_id)
        for event in client.events(project_id):
            if event.name == "progress":
                continue
            out.print(told(event.name, event.data))
            ends = ("clips-detected", "stage-failed", "project-cancelled", "clip-exported")
            if project.over and event.name in ends:
                return


def told(name: str, data: dict[str, Any]) -> str:
    """An event as a line for a person."""
    if name == "progress":
        return f"{'':>13}{data['percent']:5.1f} %  {data['step']}"
    at = str(data.get("at", ""))[11:23]
    rest = "  ".join(
        f"{key}={value}" for key, value in data.items() if key not in ("id", "at") and value
    )
    return f"{at:>12} {name}  {rest}".rstrip()


def clock(milliseconds: int) -> str:
    """A media time for people: m:ss.t."""
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}:{rest // 1000:02}.{rest % 1000 // 100}"


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    """The entry point: load further commands, run, and put errors in words."""
    for entry in entry_points(group="clipforge.commands"):
        register: Callable[[typer.Typer], None] = entry.load()
        register(app)
    try:
        app()
    except Unreachable as error:
        err.print(f"{error}\nStart ClipForge with `clipforge up`, or set CLIPFORGE_URL.")
        sys.exit(UNREACHABLE)
    except ClientError as error:
        err.print(str(error))
        sys.exit(FAILED)
