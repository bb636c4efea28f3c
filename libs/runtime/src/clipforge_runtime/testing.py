"""A log and a store that live in memory, for tests. They keep the promises of the real ones."""

import asyncio
import fnmatch
import hashlib
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, ce_type, decode, encode, fact_name
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority
from clipforge_runtime.bus import Contradicted, Counts, Entry, Headers, Progress, Stated
from clipforge_runtime.errors import Permanent
from clipforge_runtime.storage import Moved, NotFound, Part, Stat


@dataclass
class MemoryBus:
    """A Publisher and a Reader over a list. Everything stated is kept, and can be followed."""

    entries: list[Entry] = field(default_factory=list[Entry])
    reports: dict[str, tuple[Progress, ...]] = field(
        default_factory=dict[str, tuple[Progress, ...]]
    )
    queue_counts: dict[str, dict[Priority, Counts]] = field(
        default_factory=dict[str, dict[Priority, Counts]]
    )
    paused: set[str] = field(default_factory=set[str])
    incarnation_id: str = "memory"
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _progress: list[asyncio.Queue[Progress]] = field(default_factory=list[asyncio.Queue[Progress]])

    @property
    def facts(self) -> list[Fact]:
        """What was stated, in order."""
        return [entry.fact for entry in self.entries if entry.fact is not None]

    async def state(
        self, fact: Fact, *, fact_id: str, headers: Headers | None = None, once: bool = False
    ) -> Stated:
        body = encode(fact)
        for entry in self.entries:
            if entry.fact_id == fact_id:
                return Stated(entry.sequence, fresh=False)
        if once and self._matching(subjects.once(fact)):
            raise Contradicted(fact_name(fact))
        sequence = len(self.entries) + 1
        self.entries.append(
            Entry(
                sequence=sequence,
                subject=str(subjects.fact_subject(fact)),
                time=datetime.now(UTC),
                fact_id=fact_id,
                fact=decode(ce_type(fact), body),
                headers=dict(headers or {}),
            )
        )
        async with self._news:
            self._news.notify_all()
        return Stated(sequence, fresh=True)

    async def incarnation(self) -> str:
        return self.incarnation_id

    async def last(
        self, kind: type[Fact], *, tenant: str, project: str, about: str
    ) -> Entry | None:
        found = self._matching(subjects.last_of(fact_name(kind), tenant, project, about))
        return found[-1] if found else None

    async def last_of_project(self, tenant: str, project: str) -> Entry | None:
        found = self._matching(subjects.of_project(tenant, project))
        return found[-1] if found else None

    async def follow(
        self, *, after: int, filters: tuple[str, ...] = ("facts.>",)
    ) -> AsyncIterator[Entry]:
        position = after
        while True:
            for entry in self.entries[position:]:
                position = entry.sequence
                if any(_matches(entry.subject, pattern) for pattern in filters):
                    yield entry
            async with self._news:
                while len(self.entries) <= position:
                    await self._news.wait()

    async def last_sequence(self) -> int:
        return len(self.entries)

    async def first_sequence(self) -> int:
        return 1

    async def counts(self, stage: Stage) -> dict[Priority, Counts]:
        paused = stage.name in self.paused
        idle = {priority: Counts(0, 0, 0, paused) for priority in Priority}
        return self.queue_counts.get(stage.name, idle)

    async def progress(self, job: str) -> tuple[Progress, ...]:
        return self.reports.get(job, ())

    async def watch_progress(self) -> AsyncIterator[Progress]:
        reports: asyncio.Queue[Progress] = asyncio.Queue(maxsize=100)
        self._progress.append(reports)
        try:
            while True:
                yield await reports.get()
        finally:
            self._progress.remove(reports)

    def report(self, progress: Progress) -> None:
        """What a worker would report."""
        self.reports[progress.job] = (progress,)
        for reports in self._progress:
            if not reports.full():
                reports.put_nowait(progress)

    async def pause(self, stage: Stage) -> None:
        self.paused.add(stage.name)

    async def resume(self, stage: Stage) -> None:
        self.paused.discard(stage.name)

    async def healthy(self) -> bool:
        return True

    def _matching(self, pattern: str) -> list[Entry]:
        return [entry for entry in self.entries if _matches(entry.subject, pattern)]


def _matches(subject: str, pattern: str) -> bool:
    """NATS wildcards: `*` is one token, a last `>` one or more."""
    tokens, wanted = subject.split("."), pattern.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(tokens) <= len(wanted):
            return False
        tokens = tokens[: len(wanted)]
    return len(tokens) == len(wanted) and all(
        fnmatch.fnmatchcase(token, want) for token, want in zip(tokens, wanted, strict=True)
    )


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
        self._new(key, content_type).write_bytes(body)

    async def download(self, key: str, to: Path, *, moved: Moved | None = None) -> Path:
        shutil.copyfile(self._existing(key), to)
        if moved:
            moved(to.stat().st_size)
        return to

    async def upload(
        self, key: str, file: Path, *, content_type: str, moved: Moved | None = None
    ) -> None:
        shutil.copyfile(file, self._new(key, content_type))
        if moved:
            moved(file.stat().st_size)

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            (self._root / key).unlink(missing_ok=True)

    async def find(self, prefix: str, *, limit: int = 1000) -> list[Stat]:
        every = sorted(
            str(file.relative_to(self._root)) for file in self._root.rglob("*") if file.is_file()
        )
        stats = [await self.stat(key) for key in every if key.startswith(prefix)]
        return [stat for stat in stats if stat is not None][:limit]

    async def presign_get(
        self, key: str, *, expires: timedelta, public: bool = False, file_name: str = ""
    ) -> str:
        return (self._root / key).absolute().as_uri()

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        multipart = f"multipart-{len(self._multiparts) + 1}"
        self._multiparts[multipart] = self._root / ".multiparts" / multipart
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
        body = b"".join((folder / f"{part.number:05}").read_bytes() for part in parts)
        self._new(key, self._types.get(key, "")).write_bytes(body)
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

    def _new(self, key: str, content_type: str) -> Path:
        file = self._root / key
        file.parent.mkdir(parents=True, exist_ok=True)
        self._types[key] = content_type
        return file
