"""`clipforge words` and `clipforge search`: what is said, found and corrected."""

from itertools import islice
from typing import Annotated, Any

import typer

from clipforge_client.client import Client
from clipforge_client.commands.options import AsJson, MatchOption, ProjectArgument
from clipforge_client.models import Hit
from clipforge_client.terminal import clock, note, print_json, print_list

words = typer.Typer(help="The words of a film: list and correct them.", no_args_is_help=True)

FirstArgument = Annotated[int, typer.Argument(min=0, metavar="WORD", help="Its index, from 0.")]
LastOption = Annotated[
    int | None,
    typer.Option("--last", min=0, metavar="WORD", show_default=False, help="Up to this one."),
]


@words.command("list")
def list_words(
    project_id: ProjectArgument,
    start: Annotated[float, typer.Option("--from", min=0, metavar="SECONDS", help="From.")] = 0,
    end: Annotated[
        float | None,
        typer.Option("--to", min=0, metavar="SECONDS", show_default=False, help="To."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """List words with the indexes that corrections need."""
    until = None if end is None else round(end * 1000)
    with Client() as client:
        found = client.words(project_id, start_ms=round(start * 1000), end_ms=until)
        shown = list(islice(found, limit))
    print_list(
        shown,
        ("word", "from", "to", "text"),
        lambda one: (str(one.index), clock(one.start_ms), clock(one.end_ms), one.text),
        nothing="Nothing is said there.",
        as_json=as_json,
    )


@words.command("replace")
def replace_words(
    project_id: ProjectArgument,
    first: FirstArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One word, or more.")],
    last: LastOption = None,
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Write other words in the place of one or more."""
    _correct(project_id, if_match, as_json, op="replace", first=first, last=last, text=text)


@words.command("delete")
def delete_words(
    project_id: ProjectArgument,
    first: FirstArgument,
    last: LastOption = None,
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Take words out of the captions. The sound stays as it is."""
    _correct(project_id, if_match, as_json, op="delete", first=first, last=last)


@words.command("merge")
def merge_words(
    project_id: ProjectArgument,
    first: FirstArgument,
    last: Annotated[int, typer.Argument(min=0, metavar="LAST", help="The last of them.")],
    text: Annotated[
        str, typer.Option(metavar="WORD", show_default=False, help="Default: without spaces.")
    ] = "",
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Make one word of several."""
    _correct(project_id, if_match, as_json, op="merge", first=first, last=last, text=text or None)


@words.command("split")
def split_word(
    project_id: ProjectArgument,
    word: FirstArgument,
    texts: Annotated[list[str], typer.Argument(metavar="PARTS...", help="Two or more.")],
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Make several words of one."""
    _correct(project_id, if_match, as_json, op="split", word=word, texts=texts)


def search(
    asked: Annotated[
        str, typer.Argument(metavar="WORDS", help="Such as: queue, or '\"a phrase\"'.")
    ],
    project_id: Annotated[
        str, typer.Option("--project", metavar="PROJECT", help="Only there. Default: in all films.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find where something is said, in your films or in one of them."""
    with Client() as client:
        found = client.search(asked, project_id=project_id, limit=min(limit, 100))
        shown = list(islice(found, limit))
    print_list(
        shown,
        ("project", "from", "to", "said", "film"),
        lambda one: (
            one.project_id,
            clock(one.start_ms),
            clock(one.end_ms),
            marked(one),
            one.project_title,
        ),
        nothing="Nobody says that.",
        as_json=as_json,
    )


def marked(hit: Hit) -> str:
    """What is said, with what was asked for between stars."""
    text = hit.text
    for start, end in reversed(hit.highlights):
        text = f"{text[:start]}*{text[start:end]}*{text[end:]}"
    return text


def _correct(project_id: str, if_match: str, as_json: bool, **operation: Any) -> None:
    said = {name: value for name, value in operation.items() if value is not None}
    with Client() as client:
        made = client.edit_transcript(project_id, said, if_match=if_match)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        note(f"Version {made.version} of the transcript has {made.words} words.")
