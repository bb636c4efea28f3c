"""Which thing an edit is about, and which state of it: its id and the If-Match of the request."""

from typing import Final, Protocol

from clipforge_client.errors import ClientError

ANY: Final = "*"  # whatever it is


class Editable(Protocol):
    """What was read, with the ETag of its answer."""

    @property
    def id(self) -> str: ...

    @property
    def etag(self) -> str: ...


def edit_of(thing: str | Editable, if_match: str) -> tuple[str, str]:
    """The tag that is said, else that of what was read; of an id alone, whatever it is.

    ClientError where something was read that has no tag: to overwrite it unseen is to be said.
    """
    if isinstance(thing, str):
        return thing, if_match or ANY
    if not (if_match or thing.etag):
        raise ClientError(
            f"{thing.id} was not read by itself, so nothing tells which state of it you have seen: "
            f'read it by its id, or say if_match="{ANY}" to edit whatever it is.'
        )
    return thing.id, if_match or thing.etag
