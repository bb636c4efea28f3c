"""Opaque cursors: the last row of a page, as text."""

import base64
import json
from typing import Annotated

from fastapi import Query
from pydantic import Field, StrictInt, TypeAdapter, ValidationError

from clipforge_catalog.queries.page import Cursor
from clipforge_gateway.problems import INVALID, Problem

After = Annotated[str, Query(max_length=500)]
"""Where a page begins: the `next` of the page before it; empty: at the first row."""
Limit = Annotated[int, Query(ge=1, le=100)]

_Place = tuple[
    Annotated[StrictInt, Field(ge=0, lt=2**63)],
    Annotated[str, Field(pattern=r"^[a-z]{2,4}_[0-9a-z]{26}$")],
]
_PLACE: TypeAdapter[_Place] = TypeAdapter(_Place)
_NUMBERS: TypeAdapter[tuple[int, ...]] = TypeAdapter(
    tuple[Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)], ...]
)


def write(cursor: Cursor | None) -> str | None:
    """The cursor for the client, or None at the end."""
    if cursor is None:
        return None
    text = json.dumps([cursor.sequence, cursor.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def write_numbers(*numbers: int) -> str:
    """The cursor of a list that is not in the log's order."""
    text = json.dumps(numbers, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_numbers(text: str, count: int) -> tuple[int, ...] | None:
    """What `write_numbers` wrote; None at the beginning. A Problem where we did not make it."""
    if not text:
        return None
    try:
        place = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        numbers = _NUMBERS.validate_json(place)
    except (ValueError, ValidationError) as error:
        raise _not_ours() from error
    if len(numbers) != count:
        raise _not_ours()
    return numbers


def read(text: str | None) -> Cursor | None:
    """The cursor that a client gave back. A Problem where we did not make it."""
    if not text:
        return None
    try:
        place = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return Cursor(*_PLACE.validate_json(place))
    except (ValueError, ValidationError) as error:
        raise _not_ours() from error


def _not_ours() -> Problem:
    return Problem(INVALID, "`cursor` is not one of ours: take `next` of a page.")
