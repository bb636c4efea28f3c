"""What is sent of an event, written once for all who listen."""

import asyncio
import json
import logging
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from clipforge.v1.facts_pb2 import (
    ClipEdited,
    ClipExported,
    ClipsDetected,
    ExportCancelled,
    ExportRequested,
    ProjectEdited,
    StageFailed,
    TranscriptEdited,
    VideoImported,
    VideoTranscribed,
)
from clipforge_catalog.database import AWAY, Sessions
from clipforge_catalog.queries import figures
from clipforge_contracts.facts import Fact, fact_name, project_of
from clipforge_gateway.feed import Event, Feed
from clipforge_gateway.pace import Paces
from clipforge_runtime.bus import Entry, Progress

K = TypeVar("K")
V = TypeVar("V")

log = logging.getLogger(__name__)

FACTS: Final = 1024  # whose lines are kept; some 300 KB
REPORTS: Final = 256
LENGTHS: Final = 10_000  # jobs


class EventLines:
    """The lines of events: of a fact by itself, of progress with an estimate of the time left."""

    def __init__(self, feed: Feed, sessions: Sessions, paces: Paces) -> None:
        self._feed = feed
        self._sessions = sessions
        self._paces = paces
        self._facts: OrderedDict[str, str] = OrderedDict()
        # By id(), which is no other's as long as the report is kept.
        self._reports: OrderedDict[int, tuple[Progress, asyncio.Task[str]]] = OrderedDict()
        self._lengths: OrderedDict[str, tuple[str, int]] = OrderedDict()

    async def of(self, event: Event) -> str:
        """Of an event that the feed has passed on."""
        if not isinstance(event, Progress):
            return self._fact(event)
        if id(event) not in self._reports:
            writing = asyncio.create_task(self._progress(event))
            _keep(self._reports, id(event), (event, writing), REPORTS)
        _, line = self._reports[id(event)]
        return await asyncio.shield(line)  # who asked first may leave while others wait for it

    def _fact(self, entry: Entry) -> str:
        identity = f"{self._feed.incarnation}-{entry.sequence}"
        if identity not in self._facts:
            assert entry.fact is not None  # noqa: S101  (the feed passes only what could be read)
            data = json.dumps(_told(entry, entry.fact), ensure_ascii=False)
            line = f"id: {identity}\nevent: {fact_name(entry.fact)}\ndata: {data}\n\n"
            _keep(self._facts, identity, line, FACTS)
        return self._facts[identity]

    async def _progress(self, report: Progress) -> str:
        body: dict[str, Any] = {
            "project_id": report.project,
            "job": report.job,
            "percent": report.percent,
            "step": report.step,
        }
        try:
            stage, length = await self._length(report.job)
            if stage:
                left = await self._paces.job_left(stage, report.percent, length)
                body |= {"stage": stage, "seconds_left": left}
        except AWAY as error:
            log.warning("progress without an estimate, the database is away: %s", error)
        return f"event: progress\ndata: {json.dumps(body)}\n\n"

    async def _length(self, job: str) -> tuple[str, int]:
        """A job's stage, and ms of its media, which are looked up until they are known."""
        known = self._lengths.get(job, ("", 0))
        if not known[1]:
            async with self._sessions() as session:
                known = (await figures.lengths(session, [job])).get(job, ("", 0))
            _keep(self._lengths, job, known, LENGTHS)
        return known


def _keep(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)


def _told(entry: Entry, fact: Fact) -> dict[str, Any]:
    """What a client learns of a fact: no keys of objects, no addresses."""
    at = entry.time.astimezone(UTC) if entry.time else datetime.now(UTC)
    told: dict[str, Any] = {
        "id": entry.fact_id,
        "at": at.isoformat(timespec="milliseconds"),
        "project_id": project_of(fact).project_id,
    }
    match fact:
        case VideoImported():
            told |= {"duration_ms": fact.media.duration_ms, "reused": fact.reused}
        case VideoTranscribed():
            told |= {"language": fact.language, "words": fact.words, "notice": fact.notice}
            told |= {"cached": fact.cached}
        case ProjectEdited():
            told |= {"version": fact.version, "title": fact.title}
        case TranscriptEdited():
            told |= {"version": fact.version, "words": fact.words}
        case ClipsDetected():
            told |= {"clips": len(fact.clips)}
        case ClipEdited():
            told |= {"clip_id": fact.clip.id, "version": fact.version, "deleted": fact.deleted}
        case ExportRequested():
            told |= {"export_id": fact.export_id, "clip_id": fact.clip.id}
        case ClipExported():
            told |= {"export_id": fact.export_id, "clip_id": fact.clip_id, "cached": fact.cached}
        case ExportCancelled():
            told |= {"export_id": fact.export_id}
        case StageFailed():
            told |= {
                "stage": fact.stage,
                "about": fact.about,
                "reason": fact.reason,
                "sentence": fact.sentence,
            }
        case _:
            pass
    return told
