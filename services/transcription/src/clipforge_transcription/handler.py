"""What happens to one film, or one part of it, in this service, from top to bottom."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TypeVar

from clipforge.v1.documents_pb2 import AudioSpan, Segment, Transcript, TranscriptionPlan
from clipforge.v1.facts_pb2 import ChunkCut, VideoImported, VideoTranscribed
from clipforge_contracts import keys
from clipforge_contracts.documents import from_json, to_json
from clipforge_runtime.errors import Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import NotFound, ObjectStore
from clipforge_transcription import planning, samples
from clipforge_transcription.merging import merge
from clipforge_transcription.recogniser import Choice, Recogniser
from clipforge_transcription.sound import SoundCache

T = TypeVar("T")


async def transcribe(
    cause: VideoImported | ChunkCut,
    *,
    store: ObjectStore,
    progress: Report,
    recogniser: Recogniser,
    sound: SoundCache,
    threads: Executor,
) -> VideoTranscribed | list[ChunkCut] | None:
    """A short film becomes a transcript; a long one is cut into parts for many workers."""
    if isinstance(cause, ChunkCut):
        return await _transcribe_part(
            cause,
            store=store,
            progress=progress,
            recogniser=recogniser,
            sound=sound,
            threads=threads,
        )
    key = planning.transcript_key(cause, recogniser)
    if known := await _renewed(store, key):
        return _transcribed(cause, key, known, cached=True)
    async with sound.file(cause.objects.audio_key) as file:
        look = partial(planning.plan, cause, key, file, recogniser, progress)
        plan = await _in_thread(threads, look)
        if len(plan.spans) > 1:
            return [ChunkCut(film=cause, plan=plan, n=n) for n in range(len(plan.spans))]
        [span] = plan.spans
        part = await _listen(cause, plan, span, file, recogniser, threads, progress, 10, 100)
    whole = merge(plan, [part])
    await store.write(key, to_json(whole), content_type="application/json")
    return _transcribed(cause, key, whole, cached=False)


async def _transcribe_part(
    cause: ChunkCut,
    *,
    store: ObjectStore,
    progress: Report,
    recogniser: Recogniser,
    sound: SoundCache,
    threads: Executor,
) -> VideoTranscribed | None:
    plan, film = cause.plan, cause.film
    count = len(plan.spans)
    key = keys.chunk(film.project.tenant_id, plan.plan_hash, cause.n, count)
    if whole := await _renewed(store, plan.transcript_key):
        # Of another film with the same sound, which was quicker: its parts may be gone by now.
        return _transcribed(film, plan.transcript_key, whole, cached=False)
    if await _renewed(store, key) is None:
        async with sound.file(film.objects.audio_key) as file:
            part = await _listen(
                film, plan, plan.spans[cause.n], file, recogniser, threads, progress, 0, 100
            )
        await store.write(key, to_json(part), content_type="application/json")
    done = await _parts_done(store, film, plan)
    # Every part looks, cached ones too: whoever sees all of them merges, and twice is harmless.
    if len(done) < count:
        return None
    merged = merge(plan, await _parts(store, film, plan))
    await store.write(plan.transcript_key, to_json(merged), content_type="application/json")
    return _transcribed(film, plan.transcript_key, merged, cached=False)


async def _listen(
    film: VideoImported,
    plan: TranscriptionPlan,
    span: AudioSpan,
    file: Path,
    recogniser: Recogniser,
    threads: Executor,
    progress: Report,
    begin: float,
    end: float,
) -> Transcript:
    """Transcribe one span; progress goes from `begin` to `end` per cent."""
    if not plan.language:
        return _document(film, plan, [], "", recogniser)
    length = max((span.end_ms - span.start_ms) / 1000, 0.001)
    choice = Choice(plan.model, plan.language, plan.language_probability, plan.notice)

    def on_seconds(seconds: float) -> None:
        progress(begin + (end - begin) * min(seconds / length, 1), "transcribing")

    def listen(cancelled: Callable[[], bool]) -> tuple[list[Segment], str]:
        on_seconds(0)
        return recogniser.transcribe(
            samples.read(file, span.start_ms, span.end_ms),
            choice,
            offset_ms=span.start_ms,
            end_ms=span.end_ms,
            vocabulary=list(film.options.vocabulary),
            on_seconds=on_seconds,
            cancelled=cancelled,
        )

    segments, notice = await _in_thread(threads, listen)
    return _document(film, plan, segments, notice, recogniser)


async def _parts(
    store: ObjectStore, film: VideoImported, plan: TranscriptionPlan
) -> list[Transcript]:
    count = len(plan.spans)
    found: list[Transcript] = []
    for n in range(count):
        key = keys.chunk(film.project.tenant_id, plan.plan_hash, n, count)
        part = await _transcript(store, key)
        if part is None:  # all were there just now; what is lost is made anew with the next try
            raise Transient("A part of the transcript was lost before all were put together.")
        found.append(part)
    return found


async def _parts_done(store: ObjectStore, film: VideoImported, plan: TranscriptionPlan) -> set[str]:
    prefix = keys.chunk(film.project.tenant_id, plan.plan_hash, 0, 1).rpartition("/")[0] + "/"
    found = await store.find(prefix, limit=len(plan.spans) + 1)
    return {stat.key for stat in found}


async def _renewed(store: ObjectStore, key: str) -> Transcript | None:
    """What was made before. Written anew, so that a removal under way sees that it is in use."""
    known = await _transcript(store, key)
    if known is not None:
        await store.write(key, to_json(known), content_type="application/json")
    return known


async def _transcript(store: ObjectStore, key: str) -> Transcript | None:
    try:
        return from_json(await store.read(key), Transcript)
    except NotFound:
        return None


async def _in_thread(threads: Executor, work: Callable[[Callable[[], bool]], T]) -> T:
    """Run blocking work, which is told when nobody waits for it any more.

    Not asyncio's own threads: there are more of them than parts at once, and each would have a
    listener started. And the store's calls, which are in those, need not wait. The thread reports
    on the delivery in hand, and knows its strain: both come by the context.
    """
    stop = threading.Event()
    run = copy_context().run
    try:
        return await asyncio.get_running_loop().run_in_executor(threads, run, work, stop.is_set)
    except asyncio.CancelledError:
        stop.set()
        raise


def _document(
    film: VideoImported,
    plan: TranscriptionPlan,
    segments: Sequence[Segment],
    notice: str,
    recogniser: Recogniser,
) -> Transcript:
    return Transcript(
        language=plan.language,
        language_probability=plan.language_probability,
        duration_ms=film.media.duration_ms,
        segments=segments,
        engine=plan.model,
        model_sha256=recogniser.engine(plan.model).sha256,
        result_version=plan.result_version,
        notice=notice,
    )


def _transcribed(
    film: VideoImported, key: str, transcript: Transcript, *, cached: bool
) -> VideoTranscribed:
    return VideoTranscribed(
        film=film,
        transcript_key=key,
        language=transcript.language,
        words=sum(len(segment.words) for segment in transcript.segments),
        cached=cached,
        notice=transcript.notice,
    )
