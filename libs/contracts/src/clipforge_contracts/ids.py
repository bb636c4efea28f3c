"""TypeIDs: a prefix that says what it names, and a UUID in 26 letters.

Ids order nothing: lists and cursors go by (log sequence, id). Derived ids (UUIDv5) make a repeated
request name the same thing.
"""

from typing import Final, Literal

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

Prefix = Literal[
    "ten",
    "key",
    "prj",
    "ast",
    "upl",
    "clip",
    "exp",
    "job",
    "evt",
    "whk",
    "dlv",
    "rmv",
    "kit",  # a brand kit
    "bas",  # a file of a brand
    "sty",  # a caption style of a tenant's own
    "pst",  # a preset of a tenant's own
    "pvw",  # the picture of a caption style
    "bat",  # exports that were asked for together
]

NAMESPACE: Final = uuid_utils.uuid5(uuid_utils.NAMESPACE_URL, "clipforge")


def new(prefix: Prefix) -> str:
    """A fresh id (UUIDv7)."""
    return str(TypeID(prefix=prefix))


def derive(prefix: Prefix, *parts: str | int) -> str:
    """The id that follows from `parts`: the same parts, the same id."""
    # Lengths are part of the name, so that ("a", "b/c") and ("a/b", "c") differ.
    name = "/".join(f"{len(str(part))}:{part}" for part in parts)
    return str(TypeID.from_uuid(prefix=prefix, suffix=uuid_utils.uuid5(NAMESPACE, name)))


def job(stage: str, about: str, replay: int = 0) -> str:
    """The job of one stage for one project or export; each replay is a job of its own."""
    return derive("job", stage, about, replay)


def asset(tenant: str, sha256: str) -> str:
    """The film of a tenant that has these bytes."""
    return derive("ast", tenant, sha256)


def is_id(text: str, prefix: Prefix) -> bool:
    """Whether `text` is a well-formed id of this kind."""
    try:
        return TypeID.from_string(text).prefix == prefix
    except TypeIDException:
        return False
