"""What happens to one film, or one part of it, in this service, from top to bottom."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from clipforge.v1.documents_pb2 import AudioSpan, Segment, Transcript, TranscriptionPlan
from clipforge.v1.facts_pb2 import ChunkCut, VideoImported, VideoTranscribed
from clipforge_contracts import keys
from clipforge_contracts.documents import from_json, to_json
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import NotFound, ObjectStore
from clipforge_transcription import cutting, samples
from clipforge_transcription.engines import SpeechDetector
from clipforge_transcription.recogniser import Choice, Recogniser
from clipforge_transcription.sound import SoundCache

RESULT_VERSION: Final = 1
BLOCK_SECONDS: Final = 600  # of sound in memory while silences are looked for: 38 MB
LANGUAGE_MS: Final = 120_000  # of speech that a language is told by
NO_SPEECH: Final = "No speech was found in this film, so there are no captions and no clips."
T = TypeVar("T")


async def transcribe(
    cause: VideoImported | ChunkCut,
    *,
    store: ObjectStore,
    progress: Report,
    recogniser: Recogniser,
    detector: SpeechDetector,
    sound: SoundCache,
) -> VideoTranscribed | list[ChunkCut] | None:
    """A short film becomes a transcript; a long one is cut into parts for many workers."""
    if isinstance(cause, ChunkCut):
        return await _transcribe_part(
            cause, store=store, progress=progress, recogniser=recogniser, sound=sound
        )
    key = _transcript_key(cause, recogniser)
    if known := await _transcript(store, key):
        return _transcribed(cause, key, known, cached=True)
    async with sound.file(cause.objects.audio_key) as file:
        plan = await _plan(cause, key, file, recogniser, detector, progress)
        if len(plan.spans) > 1:
            return [ChunkCut(film=cause, plan=plan, n=n) for n in range(len(plan.spans))]
        [span] = plan.spans
        part = await _listen(cause, plan, span, file, recogniser, progress, 10, 100)
    await store.write(key, to_json(part), content_type="application/json")
    return _transcribed(cause, key, part, cached=False)


async def _transcribe_part(
    cause: ChunkCut,
    *,
    store: ObjectStore,
    progress: Report,
    recogniser: Recogniser,
    sound: SoundCache,
) -> VideoTranscribed | None:
    plan, film = cause.plan, cause.film
    count = len(plan.spans)
    key = keys.chunk(film.project.tenant_id, plan.plan_hash, cause.n, count)
    done = await _parts_done(store, film, plan)
    if key not in done:
        begin, end = 100 * len(done) / count, 100 * (len(done) + 1) / count
        async with sound.file(film.objects.audio_key) as file:
            part = await _listen(
                film, plan, plan.spans[cause.n], file, recogniser, progress, begin, end
            )
        await store.write(key, to_json(part), content_type="application/json")
        done = await _parts_done(store, film, plan)
    # Every part looks, cached ones too: whoever sees all of them merges, and twice is harmless.
    if len(done) < count:
        return None
    merged = await _transcript(store, plan.transcript_key)
    if merged is None:
        merged = await _merge(store, film, plan)
        await store.write(plan.transcript_key, to_json(merged), content_type="application/json")
    return _transcribed(film, plan.transcript_key, merged, cached=False)


async def _plan(
    film: VideoImported,
    key: str,
    file: Path,
    recogniser: Recogniser,
    detector: SpeechDetector,
    progress: Report,
) -> TranscriptionPlan:
    """Decide where to cut and who listens, once for the whole film."""
    duration = film.media.duration_ms

    def look() -> tuple[list[cutting.Span], Choice]:
        speech: list[cutting.Span] = []
        for n, block in enumerate(samples.blocks(file, BLOCK_SECONDS)):
            begin = n * BLOCK_SECONDS * 1000
            progress(5 * min(begin / duration, 1), "looking for speech")
            speech += [(begin + start, begin + end) for start, end in detector.speech(block)]
        start = speech[0][0] if speech else 0
        sample = samples.read(file, start, min(start + LANGUAGE_MS, duration))
        progress(7, "telling the language")
        choice = recogniser.choose(sample, language=film.options.language, model=film.options.model)
        return cutting.spans(speech, duration), choice

    spans, choice = await _in_thread(lambda _: look())
    settings = keys.address(transcript=key, spans=spans, choice=vars(choice))
    return TranscriptionPlan(
        spans=[AudioSpan(start_ms=start, end_ms=end) for start, end in spans],
        plan_hash=settings,
        transcript_key=key,
        language=choice.language,
        language_probability=choice.probability,
        model=choice.engine,
        result_version=RESULT_VERSION,
        notice=choice.notice,
    )


async def _listen(
    film: VideoImported,
    plan: TranscriptionPlan,
    span: AudioSpan,
    file: Path,
    recogniser: Recogniser,
    progress: Report,
    begin: float,
    end: float,
) -> Transcript:
    """Transcribe one span; progress goes from `begin` to `end` per cent."""
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

    segments, notice = await _in_thread(listen)
    return _document(film, plan, segments, notice, recogniser)


async def _merge(store: ObjectStore, film: VideoImported, plan: TranscriptionPlan) -> Transcript:
    """The parts one after the other: they were cut in silences, so nothing overlaps."""
    count = len(plan.spans)
    merged: Transcript | None = None
    for n in range(count):
        key = keys.chunk(film.project.tenant_id, plan.plan_hash, n, count)
        part = from_json(await store.read(key), Transcript)
        if merged is None:
            merged = part
        else:
            merged.segments.extend(part.segments)
            merged.notice = merged.notice or part.notice
    assert merged is not None  # noqa: S101  (a plan has at least one span)
    return merged


async def _parts_done(store: ObjectStore, film: VideoImported, plan: TranscriptionPlan) -> set[str]:
    prefix = keys.chunk(film.project.tenant_id, plan.plan_hash, 0, 1).rpartition("/")[0] + "/"
    found = await store.find(prefix, limit=len(plan.spans) + 1)
    return {stat.key for stat in found}


async def _transcript(store: ObjectStore, key: str) -> Transcript | None:
    try:
        return from_json(await store.read(key), Transcript)
    except NotFound:
        return None


async def _in_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """Run blocking work, which is told when nobody waits for it any more."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop.is_set)
    except asyncio.CancelledError:
        stop.set()
        raise


def _transcript_key(film: VideoImported, recogniser: Recogniser) -> str:
    options = film.options
    address = keys.address(
        source=film.media.sha256,
        language=options.language.lower(),
        vocabulary=list(options.vocabulary),
        model=options.model,
        engines=recogniser.identity,
        result_version=RESULT_VERSION,
    )
    return keys.transcript(film.project.tenant_id, address)


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
        model_sha256=recogniser.identity,
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
        notice=transcript.notice or ("" if transcript.segments else NO_SPEECH),
    )
