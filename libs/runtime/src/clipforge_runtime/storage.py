"""The object store as the rest of the code sees it. No S3 here: see s3.py and testing/."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

Moved = Callable[[int], None]
"""`moved(bytes)`: how many have been moved so far. Called often, from another thread."""


class NotFound(Exception):
    """There is no object under this key."""


@dataclass(frozen=True)
class Stat:
    """What the store says of one object."""

    key: str
    bytes: int
    etag: str
    modified: datetime
    content_type: str = ""


@dataclass(frozen=True)
class Part:
    """One part of a multipart upload that has arrived."""

    number: int  # from 1
    etag: str
    bytes: int = 0


class ObjectStore(Protocol):
    """One bucket. Every call has a timeout; what the store cannot do now raises Transient."""

    async def stat(self, key: str) -> Stat | None:
        """What lies under the key, or None."""
        ...

    async def read(self, key: str, *, limit: int = 64 * 1024 * 1024) -> bytes:
        """A small object as a whole. NotFound; Permanent where it is larger than `limit`."""
        ...

    async def write(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store a small object, in one piece or not at all."""
        ...

    async def download(self, key: str, to: Path, *, moved: Moved | None = None) -> Path:
        """Stream an object into a file. Stops soon after it is cancelled. NotFound."""
        ...

    async def upload(
        self, key: str, file: Path, *, content_type: str, moved: Moved | None = None
    ) -> None:
        """Stream a file into an object, in one piece or not at all. Stops when cancelled."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone already do not matter."""
        ...

    async def find(self, prefix: str, *, limit: int = 1000, after: str = "") -> list[Stat]:
        """At most `limit` objects below a prefix, in the order of their keys, behind a key."""
        ...

    async def presign_get(
        self,
        key: str,
        *,
        expires: timedelta,
        public: bool = False,
        file_name: str = "",
    ) -> str:
        """An address that reads the object without credentials, for `expires` at least.

        It is the same one for some minutes, so that answers which hold it do not change meanwhile.
        `public` signs for the endpoint that users reach, else for the one that services reach;
        `file_name` makes a browser save it under that name.
        """
        ...

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts; the store's id of it."""
        ...

    async def presign_part(
        self, key: str, multipart: str, number: int, *, expires: timedelta
    ) -> str:
        """A public address to PUT one part to."""
        ...

    async def list_parts(self, key: str, multipart: str) -> list[Part]:
        """The parts that have arrived. NotFound where the upload is over or unknown."""
        ...

    async def complete_multipart(self, key: str, multipart: str, parts: Sequence[Part]) -> None: ...

    async def abort_multipart(self, key: str, multipart: str) -> None: ...

    async def healthy(self) -> bool:
        """Whether the store answers within two seconds."""
        ...
