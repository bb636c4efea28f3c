"""One film through the import handler, with a store in a folder."""

from dataclasses import dataclass, field
from pathlib import Path

from clipforge.v1.common_pb2 import Source, UploadSource, UrlSource
from clipforge.v1.facts_pb2 import ProjectSubmitted, VideoImported
from clipforge_contracts import ids, keys
from clipforge_contracts.plans import Plan
from clipforge_import.handler import import_video
from clipforge_runtime.storage import ObjectStore
from clipforge_runtime.testing import FolderStore
from samples import TENANT, options, project


@dataclass
class House:
    """What the handler has around itself."""

    root: Path
    plan: Plan = Plan.FREE
    allowed: frozenset[tuple[str, int]] = frozenset()
    strain: int = 0
    reports: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    store: ObjectStore = field(init=False)

    def __post_init__(self) -> None:
        self.scratch.mkdir()
        self.store = FolderStore(self.root / "store")

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    async def upload(self, film: Path, *, name: str = "", title: str = "") -> VideoImported:
        """Import a file that a user has uploaded."""
        upload = ids.derive("upl", film.name)
        key = keys.upload(TENANT, upload)
        await self.store.upload(key, film, content_type="video/mp4")
        source = UploadSource(upload_id=upload, object_key=key, file_name=name or film.name)
        return await self.take_in(Source(upload=source), title=title)

    async def fetch(self, url: str, *, title: str = "") -> VideoImported:
        """Import from an address."""
        return await self.take_in(Source(url=UrlSource(url=url)), title=title)

    async def take_in(self, source: Source, *, title: str = "") -> VideoImported:
        return await import_video(
            ProjectSubmitted(
                project=project(self.plan), title=title, source=source, options=options()
            ),
            store=self.store,
            progress=lambda percent, step: self.reports.append((percent, step)),
            allowed=self.allowed,
            scratch=self.scratch,
            strain=lambda: self.strain,
        )
