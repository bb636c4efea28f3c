"""What the commands about kits, styles and presets have in common."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import typer

from clipforge_client.models import Look, Version
from clipforge_client.terminal import print_list

NONE: Final = "none"  # what a person says to take something away
GONE: Final = object()
OF_THE_API: Final = {"id", "version", "created_at", "updated_at", "etag", "preview_url"}
Position = Literal["top", "middle", "bottom"]
PositionOrNone = Literal["top", "middle", "bottom", "none"]
ColourOption = Annotated[
    str | None, typer.Option(metavar="#RRGGBB", show_default=False, help="Of captions.")
]
NameOption = Annotated[
    str | None, typer.Option(metavar="NAME", show_default=False, help="Its new name.")
]


def amended(look: Look, **changes: Any) -> dict[str, Any]:
    """The whole of what was read, with what is named changed. BadParameter where nothing is.

    None: it was not named. GONE: it is taken away.
    """
    named = {name: value for name, value in changes.items() if value is not None}
    if not named:
        raise typer.BadParameter("Say what is to change, such as --name.", param_hint="--name")
    made = {name: None if value is GONE else value for name, value in named.items()}
    return {**look.model_dump(mode="json", exclude=OF_THE_API), **made}


def or_gone(given: str | None) -> Any:
    """What a person gave, `none` read as what it means. Not of a field that has it as a value."""
    return GONE if given == NONE else given


def colours_of(known: Mapping[str, str | None], **given: str | None) -> dict[str, str | None]:
    """Colours by their part, with those that are given: `none` leaves one to the style."""
    named = {part: colour for part, colour in given.items() if colour}
    return {**known, **{part: None if colour == NONE else colour for part, colour in named.items()}}


def print_versions(found: Iterable[Version], *, as_json: bool) -> None:
    """What a kit, a style or a preset was."""
    print_list(
        found,
        ("version", "saved at", "name"),
        lambda one: (
            str(one.version),
            f"{one.saved_at:%Y-%m-%d %H:%M}",
            str(one.was.get("name", "")),
        ),
        nothing="It has no versions.",
        as_json=as_json,
    )
