"""`clipforge clip`: one clip, made, edited, deleted."""

from typing import Annotated

import typer

from clipforge_client.client import Client
from clipforge_client.commands.clips import ClipArgument, score_of
from clipforge_client.commands.options import (
    AsJson,
    MatchOption,
    ProjectArgument,
    listed,
    milliseconds,
)
from clipforge_client.models import Clip
from clipforge_client.terminal import clock, note, print_done, print_json, say

clip = typer.Typer(help="One clip: show, make, edit, delete.", no_args_is_help=True)


def _seconds(name: str, help_: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        name, min=0, metavar="SECONDS", show_default=False, help=help_
    )
    return found


def _word(name: str, help_: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        name, min=0, metavar="N", show_default=False, help=help_
    )
    return found


FromOption = Annotated[float | None, _seconds("--from", "Where it begins in the film.")]
ToOption = Annotated[float | None, _seconds("--to", "Where it ends.")]
FirstOption = Annotated[int | None, _word("--first-word", "Or: its first word, counted from 0.")]
LastOption = Annotated[int | None, _word("--last-word", "Its last word.")]
TitleOption = Annotated[str, typer.Option(metavar="TEXT", show_default=False, help="Its title.")]
HashtagsOption = Annotated[
    str, typer.Option(metavar="WORDS", show_default=False, help="Hashtags, separated by commas.")
]
SnapOption = Annotated[
    bool, typer.Option("--snap/--exact", help="Move times to the nearest words, or not.")
]


@clip.command("show")
def show_clip(clip_id: ClipArgument, as_json: AsJson = False) -> None:
    """Show one clip, and why it was found."""
    with Client() as client:
        _print(client.clip(clip_id), as_json=as_json)


@clip.command("create")
def create_clip(
    project_id: ProjectArgument,
    start: FromOption = None,
    end: ToOption = None,
    first_word: FirstOption = None,
    last_word: LastOption = None,
    title: TitleOption = "",
    hashtags: HashtagsOption = "",
    snap: SnapOption = True,
    as_json: AsJson = False,
) -> None:
    """Make a clip by hand, from times or from words, and print its id."""
    with Client() as client:
        made = client.create_clip(
            project_id,
            start_ms=milliseconds(start),
            end_ms=milliseconds(end),
            first_word=first_word,
            last_word=last_word,
            title=title,
            hashtags=listed(hashtags),
            snap=snap,
        )
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        say(made.id)
        note(f"{clock(made.start_ms)} to {clock(made.end_ms)}: {made.title}")


@clip.command("edit")
def edit_clip(
    clip_id: ClipArgument,
    title: TitleOption = "",
    hashtags: HashtagsOption = "",
    start: FromOption = None,
    end: ToOption = None,
    first_word: FirstOption = None,
    last_word: LastOption = None,
    snap: SnapOption = True,
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Change a clip's title, hashtags or edges. What was exported of it stays as it is."""
    with Client() as client:
        edited = client.edit_clip(
            clip_id,
            title=title or None,
            hashtags=listed(hashtags) or None,
            start_ms=milliseconds(start),
            end_ms=milliseconds(end),
            first_word=first_word,
            last_word=last_word,
            snap=snap,
            if_match=if_match,
        )
    _print(edited, as_json=as_json)


@clip.command("delete")
def delete_clip(clip_id: ClipArgument, as_json: AsJson = False) -> None:
    """Delete a clip. Its exports stay."""
    with Client() as client:
        client.delete_clip(clip_id)
    print_done(f"{clip_id} is deleted.", as_json=as_json, id=clip_id, deleted=True)


def _print(found: Clip, *, as_json: bool) -> None:
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    say(f"{clock(found.start_ms)} to {clock(found.end_ms)}  {found.title}")
    say(f"  score     {score_of(found.score)}")
    for reason in found.reasons:
        say(f"  why       {reason}")
    if found.hashtags:
        say(f"  hashtags  {' '.join(found.hashtags)}")
    say(f"  said      {found.text}")
