"""Opaque cursors: the last row of a page, as text."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import Field, StrictInt, TypeAdapter, ValidationError

from clipforge_catalog.queries.page import MAX_PAGE, Cursor
from clipforge_catalog.queries.project_lists import Place
from clipforge_catalog.tables import SORTED_LETTERS
from clipforge_gateway.problems import INVALID, Problem

T = TypeVar("T")

After = Annotated[str, Query(max_length=1000)]
"""Where a page begins: the `next` of the page before it; empty: at the first row."""
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]

_Sequence = Annotated[StrictInt, Field(ge=0, lt=2**63)]
_Id = Annotated[str, Field(pattern=r"^[a-z]{2,4}_[0-9a-z]{26}$")]
_Title = Annotated[str, Field(max_length=SORTED_LETTERS, pattern=r"^[^\x00]*$")]
_PLACE: TypeAdapter[tuple[_Sequence, _Id]] = TypeAdapter(tuple[_Sequence, _Id])
_SORTED: TypeAdapter[tuple[str, _Title, _Sequence, _Id]] = TypeAdapter(
    tuple[str, _Title, _Sequence, _Id]
)
_NUMBERS: TypeAdapter[tuple[int, ...]] = TypeAdapter(
    tuple[Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)], ...]
)


def write(cursor: Cursor | None) -> str | None:
    """The cursor for the client, or None at the end."""
    if cursor is None:
        return None
    return _text([cursor.sequence, cursor.id])


def read(text: str | None) -> Cursor | None:
    """The cursor that a client gave back. A Problem where we did not make it."""
    return Cursor(*_read(text, _PLACE)) if text else None


def write_numbers(*numbers: int) -> str:
    """The cursor of a list that is not in the log's order."""
    return _text(numbers)


def read_numbers(text: str, count: int) -> tuple[int, ...] | None:
    """What `write_numbers` wrote; None at the beginning. A Problem where we did not make it."""
    if not text:
        return None
    numbers = _read(text, _NUMBERS)
    if len(numbers) != count:
        raise _not_ours()
    return numbers


def write_sorted(place: Place | None, asked: object) -> str | None:
    """The cursor of a list whose order and rows depend on what was asked for."""
    if place is None:
        return None
    return _text([_hash(asked), place.title, place.sequence, place.id])


def read_sorted(text: str, asked: object) -> Place | None:
    """What `write_sorted` wrote. A Problem where it was of a list that was asked for otherwise."""
    if not text:
        return None
    of, title, sequence, id_ = _read(text, _SORTED)
    if of != _hash(asked):
        raise Problem(
            INVALID,
            "`cursor` is of a list with another sort or other filters: ask with those again, or "
            "leave it out to begin at the first page.",
        )
    return Place(title, sequence, id_)


def _text(place: Sequence[object]) -> str:
    text = json.dumps(place, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(text: str, kind: TypeAdapter[T]) -> T:
    try:
        return kind.validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, ValidationError) as error:
        raise _not_ours() from error


def _hash(asked: object) -> str:
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def _not_ours() -> Problem:
    return Problem(INVALID, "`cursor` is not one of ours: take `next` of a page.")
