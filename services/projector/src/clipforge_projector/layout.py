"""What is said in each film, laid out in rows to be searched, and beside clips.

Facts tell where a transcript lies, not what it says, so it is read after the fact. The transcripts
that are still to be read are known by their rows: nothing is lost by a stop, and a `rebuild` reads
all of them again.
"""

import asyncio
import logging
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1 import documents_pb2 as documents
from clipforge.v1.facts_pb2 import ClipsDetected, TranscriptEdited, VideoTranscribed
from clipforge_catalog import wording
from clipforge_catalog.database import Sessions
from clipforge_catalog.tables import Clip, Project, Segment, Transcript
from clipforge_contracts import subtitles
from clipforge_contracts.documents import from_json
from clipforge_contracts.excerpts import said_between
from clipforge_contracts.validation import Invalid
from clipforge_runtime.bus import Entry
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.storage import NotFound, ObjectStore

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 30.0  # should a fact have gone unheard
AT_ONCE: Final = 20
CAUSES: Final = (VideoTranscribed, TranscriptEdited, ClipsDetected)
INSERT: Final = text(
    """
    INSERT INTO segments (project_id, n, tenant_id, sequence, start_ms, end_ms, first_word, words,
        text, config, vector)
    SELECT :project, n, :tenant, :sequence, start_ms, end_ms, first_word, words, said, config_,
        to_tsvector(CAST(config_ AS regconfig), spaced)
            || array_to_tsvector(ARRAY[CAST(:owner AS text)])
    FROM unnest(CAST(:n AS int[]), CAST(:start_ms AS int[]), CAST(:end_ms AS int[]),
        CAST(:first_word AS int[]), CAST(:words AS int[]), CAST(:said AS text[]),
        CAST(:spaced AS text[])) AS of_film (n, start_ms, end_ms, first_word, words, said, spaced),
        CAST(:config AS text) AS config_
    """
)


class Layout:
    """Reads transcripts whose rows are behind, when it hears of them."""

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store
        self._news = asyncio.Event()

    def hear(self, entries: Sequence[Entry]) -> None:
        """These facts are rows now."""
        if any(isinstance(entry.fact, CAUSES) for entry in entries):
            self._news.set()

    async def work(self) -> None:
        """For ever, by the one active projector."""
        while True:
            self._news.clear()
            try:
                while await self.catch_up():
                    pass
            except Transient as error:
                log.warning("transcripts are read later, the store does not answer: %s", error)
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def catch_up(self) -> int:
        """Lay out some transcripts whose rows are behind; how many there were."""
        behind = (
            select(Transcript)
            .where(col(Transcript.laid_out_key).is_distinct_from(col(Transcript.key)))
            .order_by(col(Transcript.created_at))
            .limit(AT_ONCE)
        )
        async with self._sessions() as session:
            rows = (await session.exec(behind)).all()
        for row in rows:
            await self._lay_out(row)
        return len(rows)

    async def _lay_out(self, row: Transcript) -> None:
        try:
            body = await self._store.read(row.key)
            whole = await asyncio.to_thread(from_json, body, documents.Transcript)
        except (NotFound, Invalid, Permanent) as error:
            # Removed meanwhile, or not to be read: nothing of it can be found.
            log.warning("a transcript is not laid out: %s", type(error).__name__)
            whole = documents.Transcript()
        if row.version:
            await _retell_clips(self._sessions, row, whole)
        try:
            async with self._sessions.begin() as session:
                await _write(session, row, whole)
        except (DataError, ValueError) as error:
            # One odd transcript must not hold up the rest: the next try would meet it again.
            log.error("a transcript cannot be searched: %s", type(error).__name__)
            async with self._sessions.begin() as session:
                await _write(session, row, documents.Transcript())


async def _retell_clips(sessions: Sessions, row: Transcript, whole: documents.Transcript) -> None:
    """What clips say, by the words as they are now. One row at a time, so that nobody's lock is
    waited for with another in hand."""
    spoken = sorted(subtitles.words(whole), key=lambda word: word.start_ms)
    async with sessions() as session:
        clips = (await session.exec(select(Clip).where(Clip.project_id == row.project_id))).all()
    for clip in clips:
        said = said_between(spoken, clip.start_ms, clip.end_ms)
        if said == clip.text:
            continue
        async with sessions.begin() as session:
            await session.exec(
                update(Clip)
                .where(col(Clip.id) == clip.id, col(Clip.version) == clip.version)
                .values(text=said)
            )


async def _write(session: AsyncSession, row: Transcript, whole: documents.Transcript) -> None:
    """The segments of a film in place of those there were, unless it has changed meanwhile."""
    statement = select(Transcript).where(Transcript.project_id == row.project_id)
    now = (await session.exec(statement.with_for_update())).first()
    project = await session.get(Project, row.project_id)
    if now is None or project is None or now.key != row.key:
        return
    await session.exec(delete(Segment).where(col(Segment.project_id) == row.project_id))
    config = wording.config_of(row.language)
    segments = [segment for segment in whole.segments if segment.text.strip()]
    counts = [len(segment.words) or len(segment.text.split()) for segment in segments]
    said = [" ".join(segment.text.split()).replace("\x00", "") for segment in segments]
    await (await session.connection()).execute(
        INSERT,
        {
            "project": row.project_id,
            "tenant": row.tenant_id,
            "sequence": project.sequence,
            "config": config,
            "owner": wording.owner(row.tenant_id, config),
            "n": list(range(len(segments))),
            "start_ms": [segment.start_ms for segment in segments],
            "end_ms": [segment.end_ms for segment in segments],
            "first_word": [0, *accumulate(counts)][: len(counts)],
            "words": counts,
            "said": said,
            "spaced": [wording.spaced(one) for one in said],
        },
    )
    now.laid_out_key = row.key
