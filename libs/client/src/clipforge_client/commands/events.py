"""`clipforge events`: what has happened to a project and what happens, or to all of them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import project_ids
from clipforge_client.commands.options import AsJson, ProjectArgument
from clipforge_client.models import Event, Export, Project
from clipforge_client.terminal import clock, print_json, say

events = typer.Typer(help="What happens to your projects.", no_args_is_help=True)

# The last fact of a project in this state.
OF_PROJECT: Final = {
    "transcribing": "video-imported",
    "detecting": "video-transcribed",
    "ready": "clips-detected",
    "failed": "stage-failed",
    "cancelled": "project-cancelled",
}
ENVELOPE: Final = ("id", "at", "project_id")  # what every event has
OF_EXPORT: Final = {
    "completed": "clip-exported",
    "failed": "stage-failed",
    "cancelled": "export-cancelled",
}

OneProject = Annotated[
    str | None,
    typer.Argument(metavar="[PROJECT]", help="Of this one only.", autocompletion=project_ids),
]


@events.command("tail")
def tail(project_id: OneProject = None, as_json: AsJson = False) -> None:
    """Print what has happened to a project and what happens; without PROJECT, what happens to all
    of them from now on. Until Ctrl-C.
    """
    with Client() as client:
        all_of_them = client.events(project_id)
        for event in all_of_them if as_json else news(all_of_them):
            _print(event, as_json, of_many=project_id is None)


@events.command("show")
def show_events(project_id: ProjectArgument, as_json: AsJson = False) -> None:
    """Print what has happened so far."""
    with Client() as client:
        project = client.project(project_id)
        awaited = history(project, list(client.exports(project_id=project_id, limit=100)))
        for event in client.events(project_id, follow=False):
            if event.name == "progress":
                continue
            _print(event, as_json)
            awaited -= {(event.name, about) for about in _about(event, project_id)}
            if not awaited:
                return


def news(events: Iterable[Event]) -> Iterator[Event]:
    """Without progress that says again what the line before it said, as parts of a job do."""
    before = ("", "")
    for event in events:
        line = (_project(event), told(event))
        if event.name != "progress" or line != before:
            yield event
        before = line


def history(project: Project, exports: Sequence[Export]) -> set[tuple[str, str]]:
    """The facts, by name and what they are about, that must have been stated by now."""
    facts = {(OF_PROJECT.get(project.state, "project-submitted"), project.id)}
    for export in exports:
        facts.add((OF_EXPORT.get(export.state, "export-requested"), export.id))
    return facts


def told(event: Event) -> str:
    """An event as a line for a person."""
    data = event.data
    if event.name == "progress":
        return f"{'':8}  {data.get('percent', 0):5.1f} %  {data.get('step', '')}"
    return f"{_time(data.get('at', ''))}  {_sentence(event.name, data)}"


def _sentence(name: str, data: dict[str, Any]) -> str:
    match name:
        case "project-submitted":
            return "The film was submitted."
        case "video-imported":
            again = " It was here already." if data.get("reused") else ""
            return f"Imported: {clock(data.get('duration_ms', 0))} of film.{again}"
        case "chunk-cut":
            return "A part of the sound waits to be transcribed."
        case "video-transcribed":
            language = data.get("language") or "unknown"
            notice = f" {data['notice']}" if data.get("notice") else ""
            return f"Transcribed: {data.get('words', 0)} words, language {language}.{notice}"
        case "clips-detected":
            return f"Clips found: {data.get('clips', 0)}."
        case "export-requested":
            return f"{data.get('export_id', '')} was requested, of {data.get('clip_id', '')}."
        case "clip-exported":
            cached = ", as it was rendered before" if data.get("cached") else ""
            return f"{data.get('export_id', '')} is rendered{cached}."
        case "export-cancelled":
            return f"{data.get('export_id', '')} was cancelled."
        case "project-cancelled":
            return "The project was cancelled."
        case "project-deleted":
            return "The project was deleted."
        case "stage-failed":
            return f"{data.get('stage', '')} failed: {data.get('sentence', '')}"
    rest = (f"{key}={value}" for key, value in data.items() if key not in ENVELOPE and value)
    return "  ".join((name, *rest))


def _print(event: Event, as_json: bool, *, of_many: bool = False) -> None:
    if as_json:
        print_json({"event": event.name, "event_id": event.id, **event.data})
    elif of_many:
        say(f"{_project(event)}  {told(event)}")
    else:
        say(told(event))


def _project(event: Event) -> str:
    return str(event.data.get("project_id", ""))


def _about(event: Event, project_id: str) -> tuple[str, ...]:
    about = event.data.get("export_id") or event.data.get("about")
    return (str(about),) if about else (project_id,)


def _time(at: str) -> str:
    """The time of day on this machine."""
    try:
        return f"{datetime.fromisoformat(at).astimezone():%H:%M:%S}"
    except ValueError:
        return f"{'':8}"
