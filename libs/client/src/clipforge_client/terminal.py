"""What people read: text without control codes, tables, bars. And what machines read: JSON."""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Found = TypeVar("Found", bound=BaseModel)

NAME: Final = 60  # letters of a title in a file name
UNCUT: Final = 1000  # columns where no terminal says how many it has
# Escape sequences and overrides of the writing direction: titles come from strangers.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LATER_CONTROLS: Final = re.compile(r"[\x7f-\x9f]")  # those that JSON leaves as they are


def _console(*, stderr: bool) -> Console:
    # No markup: what is printed comes from films, files and servers.
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNCUT
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


out: Final = _console(stderr=False)
err: Final = _console(stderr=True)


def say(text: str, *, style: str = "") -> None:
    """A line of the answer, on stdout. The terminal breaks it, so that links stay whole."""
    out.print(plain(text), style=style, soft_wrap=True)


def note(text: str, *, style: str = "") -> None:
    """A line beside the answer, on stderr."""
    err.print(plain(text), style=style, soft_wrap=True)


def print_json(value: Any) -> None:
    sys.stdout.write(_escaped(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")
    sys.stdout.flush()  # a reader of `events tail` waits for each


def print_done(told: str, *, as_json: bool, **answer: Any) -> None:
    """What a command has done that the API answers with nothing: in words, or as JSON."""
    if as_json:
        print_json(answer)
    else:
        note(told)


def note_json(value: Any) -> None:
    """JSON beside the answer: one line, the last one of stderr."""
    sys.stderr.write(_escaped(json.dumps(value, ensure_ascii=False)) + "\n")


def _escaped(text: str) -> str:
    return _LATER_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]], *, nothing: str) -> None:
    """Rows below their headings, ids uncut; `nothing` where there are none."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        cut = column in ("title", "name")
        table.add_column(column, overflow="ellipsis" if cut else "fold", no_wrap=cut)
        if not cut:
            table.columns[-1].min_width = len(column)
    empty = True
    for row in rows:
        empty = False
        table.add_row(*(plain(cell) for cell in row))
    if empty:
        note(nothing)
    else:
        out.print(table)


def print_list(
    found: Iterable[Found],
    columns: Iterable[str],
    row: Callable[[Found], Iterable[str]],
    *,
    nothing: str,
    as_json: bool,
) -> None:
    """What a listing found: a table for people, or the answers of the API as one JSON list."""
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        print_table(columns, map(row, found), nothing=nothing)


def bars() -> Progress:
    """Progress bars for a terminal; nothing elsewhere. They vanish when the block ends."""
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}", style="dim", markup=False),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def plain(text: str) -> str:
    """Text that does nothing to a terminal but being read."""
    return _CONTROLS.sub("", text)


def mebibytes(count: int) -> str:
    """A number of bytes, in MiB."""
    return f"{count / 1024**2:.1f}"


def clock(milliseconds: float) -> str:
    """A media time for people: m:ss.t."""
    minutes, rest = divmod(int(milliseconds), 60_000)
    return f"{minutes}:{rest // 1000:02}.{rest % 1000 // 100}"


def file_name(title: str) -> str:
    """A title as part of a file name that every file system takes."""
    ascii_ = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:NAME].strip("-") or "clip"
