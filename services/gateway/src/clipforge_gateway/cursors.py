"""Opaque cursors: the last row of a page, as text."""

import base64
import binascii
import json

from clipforge_catalog.queries.page import Cursor
from clipforge_gateway.problems import INVALID, Problem


def write(cursor: Cursor | None) -> str | None:
    """The cursor for the client, or None at the end."""
    if cursor is None:
        return None
    text = json.dumps([cursor.sequence, cursor.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str | None) -> Cursor | None:
    """The cursor that a client gave back. A Problem where we did not make it."""
    if not text:
        return None
    try:
        sequence, id_ = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Cursor(int(sequence), str(id_))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Problem(INVALID, "`cursor` is not one of ours: take `next` of a page.") from error
