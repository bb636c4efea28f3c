"""An object store in a folder, for tests. It keeps the promises of S3 (test_storage.py)."""

import hashlib
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.storage import Moved, NotFound, Part, Stat

PARTS: Final = ".parts"  # below the folder, and no objects


class FolderStore:
    """An ObjectStore in a folder. Presigned addresses are file:// addresses."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._types: dict[str, str] = {}
        self._multiparts: dict[str, Path] = {}

    async def stat(self, key: str) -> Stat | None:
        file = self._root / key
        if not file.is_file():
            return None
        return Stat(
            key=key,
            bytes=file.stat().st_size,
            etag=hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest(),
            modified=datetime.fromtimestamp(file.stat().st_mtime, UTC),
            content_type=self._types.get(key, ""),
        )

    async def read(self, key: str, *, limit: int = 64 * 1024 * 1024) -> bytes:
        body = self._existing(key).read_bytes()
        if len(body) > limit:
            raise Permanent(f"An internal document is larger than {limit} bytes.", detail=key)
        return body

    async def write(self, key: str, body: bytes, *, content_type: str) -> None:
        self._put(key, body, content_type)

    async def download(self, key: str, to: Path, *, moved: Moved | None = None) -> Path:
        shutil.copyfile(self._existing(key), to)
        if moved:
            moved(to.stat().st_size)
        return to

    async def upload(
        self, key: str, file: Path, *, content_type: str, moved: Moved | None = None
    ) -> None:
        self._put(key, file.read_bytes(), content_type)
        if moved:
            moved(file.stat().st_size)

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            (self._root / key).unlink(missing_ok=True)

    async def find(self, prefix: str, *, limit: int = 1000, after: str = "") -> list[Stat]:
        every = sorted(
            str(file.relative_to(self._root))
            for file in self._root.rglob("*")
            if file.is_file() and not file.is_relative_to(self._root / PARTS)
        )
        stats = [await self.stat(key) for key in every if key.startswith(prefix) and key > after]
        return [stat for stat in stats if stat is not None][:limit]

    async def presign_get(
        self, key: str, *, expires: timedelta, public: bool = False, file_name: str = ""
    ) -> str:
        return (self._root / key).absolute().as_uri()

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        multipart = f"multipart-{len(self._multiparts) + 1}"
        self._multiparts[multipart] = self._root / PARTS / multipart
        self._multiparts[multipart].mkdir(parents=True)
        self._types[key] = content_type
        return multipart

    async def presign_part(
        self, key: str, multipart: str, number: int, *, expires: timedelta
    ) -> str:
        return (self._multipart(multipart) / f"{number:05}").absolute().as_uri()

    async def list_parts(self, key: str, multipart: str) -> list[Part]:
        return [
            Part(
                int(file.name),
                hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest(),
                file.stat().st_size,
            )
            for file in sorted(self._multipart(multipart).iterdir())
        ]

    async def complete_multipart(self, key: str, multipart: str, parts: Sequence[Part]) -> None:
        folder = self._multipart(multipart)
        arrived = {part.number: part.etag for part in await self.list_parts(key, multipart)}
        if any(arrived.get(part.number) != part.etag for part in parts):
            raise Transient("The object store refused: InvalidPart.")
        body = b"".join((folder / f"{part.number:05}").read_bytes() for part in parts)
        self._put(key, body, self._types.get(key, ""))
        await self.abort_multipart(key, multipart)

    async def abort_multipart(self, key: str, multipart: str) -> None:
        shutil.rmtree(self._multiparts.pop(multipart, self._root / "none"), ignore_errors=True)

    async def healthy(self) -> bool:
        return self._root.is_dir()

    def _multipart(self, multipart: str) -> Path:
        if multipart not in self._multiparts:
            raise NotFound(multipart)
        return self._multiparts[multipart]

    def _existing(self, key: str) -> Path:
        file = self._root / key
        if not file.is_file():
            raise NotFound(key)
        return file

    def _put(self, key: str, body: bytes, content_type: str) -> None:
        """In one piece or not at all: a reader never sees half of it."""
        file = self._root / key
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = self._root / PARTS / f"{uuid4().hex}.new"
        whole.parent.mkdir(exist_ok=True)
        whole.write_bytes(body)
        whole.replace(file)
        self._types[key] = content_type
