"""`clipforge projects edit`: another title, and options whose work is still to come."""

from typing import Annotated, Any, Final

import typer

from clipforge_client.client import Client
from clipforge_client.commands.films import projects
from clipforge_client.commands.options import (
    AsJson,
    MatchOption,
    ProjectArgument,
    listed,
    milliseconds,
)
from clipforge_client.terminal import note, print_json

__all__ = ["edit_project", "projects"]

NONE: Final = "none"  # what a person says for no kit


def _given(metavar: str, help_: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False, help=help_)


@projects.command("edit")
def edit_project(
    project_id: ProjectArgument,
    title: Annotated[str | None, _given("TEXT", "Its title.")] = None,
    kit: Annotated[str | None, _given("KIT", "Brand kit of exports to come, or none.")] = None,
    language: Annotated[str | None, _given("CODE", "Spoken language, such as en.")] = None,
    vocabulary: Annotated[str | None, _given("WORDS", "To expect, separated by commas.")] = None,
    model: Annotated[str | None, _given("NAME", "Speech model.")] = None,
    clips: Annotated[int | None, _given("N", "How many; 0: as fit.")] = None,
    shortest: Annotated[float | None, _given("SECONDS", "Shortest clip.", "--min")] = None,
    longest: Annotated[float | None, _given("SECONDS", "Longest clip.", "--max")] = None,
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Change its title, or options whose work is still to come.

    The kit: for exports that are asked for later. All others: where a film has failed, for the next
    try (clipforge dead-letters replay). What is too late is refused.
    """
    asked = {
        "brand_kit_id": "" if kit == NONE else kit,
        "language": language,
        "vocabulary": None if vocabulary is None else listed(vocabulary),
        "model": model,
        "clips": clips,
        "min_clip_ms": milliseconds(shortest),
        "max_clip_ms": milliseconds(longest),
    }
    changes = {name: value for name, value in asked.items() if value is not None}
    if title is None and not changes:
        raise typer.BadParameter("Say what is to change, such as --title.", param_hint="--title")
    with Client() as client:
        project = client.edit_project(project_id, title=title, options=changes, if_match=if_match)
    if as_json:
        print_json(project.model_dump(mode="json"))
    else:
        note(f"{project.id} is changed: {project.title}")
