"""How a film is split, and who listens to it: decided once, by the worker that gets it first.

The plan travels with every part, so that workers of other versions and settings keep to it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from clipforge.v1.documents_pb2 import AudioSpan, TranscriptionPlan
from clipforge.v1.facts_pb2 import VideoImported
from clipforge_contracts import keys
from clipforge_runtime.progress import Report
from clipforge_transcription import cutting, samples
from clipforge_transcription.recogniser import Choice, Recogniser

RESULT_VERSION: Final = 3
BLOCK_SECONDS: Final = 60  # of sound looked at in one go: ten minutes took 150 MB more
LANGUAGE_MS: Final = 120_000  # of sound, from the first word, by which the language is told


def plan(
    film: VideoImported,
    key: str,
    file: Path,
    recogniser: Recogniser,
    progress: Report,
    cancelled: Callable[[], bool],
) -> TranscriptionPlan:
    """Listen for pauses and for the language. `key` is where the transcript goes. Blocks."""
    duration = film.media.duration_ms
    speech = _speech(file, duration, recogniser, progress, cancelled)
    choice, spans = Choice(recogniser.english.name, "", 0.0), [(0, duration)]
    if speech:
        progress(7, "telling the language")
        start = min(speech[0][0], duration)
        sample = samples.read(file, start, min(start + LANGUAGE_MS, duration))
        choice = recogniser.choose(
            sample,
            language=film.options.language,
            model=film.options.model,
            cancelled=cancelled,
        )
        spans = cutting.spans(speech, duration)
    # Without the probability: it differs from processor to processor, and keys must not.
    chosen = [choice.engine, choice.language]
    return TranscriptionPlan(
        spans=[AudioSpan(start_ms=start, end_ms=end) for start, end in spans],
        plan_hash=keys.address(transcript=key, spans=spans, chosen=chosen),
        transcript_key=key,
        language=choice.language,
        language_probability=choice.probability,
        model=choice.engine,
        result_version=RESULT_VERSION,
        notice=choice.notice,
    )


def transcript_key(film: VideoImported, recogniser: Recogniser) -> str:
    """Same sound, same wishes, same engines: same transcript."""
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


def _speech(
    file: Path,
    duration: int,
    recogniser: Recogniser,
    progress: Report,
    cancelled: Callable[[], bool],
) -> list[cutting.Span]:
    """When somebody speaks, in milliseconds of the film."""
    found: list[cutting.Span] = []
    for n, block in enumerate(samples.blocks(file, BLOCK_SECONDS)):
        begin = n * BLOCK_SECONDS * 1000
        progress(5 * min(begin / duration, 1), "looking for speech")
        spans = recogniser.detector.speech(block, cancelled=cancelled)
        found += [(begin + start, begin + end) for start, end in spans]
    return found
