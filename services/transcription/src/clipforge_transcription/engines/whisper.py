"""faster-whisper on CTranslate2. The only file that imports either. It works in listeners only.

The settings were measured on real speech, in CPU seconds a second of sound and word errors: int8
halves the CPU, one thread a worker is faster than two, beam 5 and voice detection lose the fewest
words, and earlier text is not fed back, since errors then repeat.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.utils import download_model
from faster_whisper.vad import VadOptions, get_speech_timestamps

from clipforge_transcription.engines import Heard, Language, Spoken
from clipforge_transcription.samples import RATE, Samples

# Windows of 30 s by which a language is told. The first one that is this sure decides, else the
# most frequent: one window alone took French radio for English, at 0.82.
LANGUAGE_WINDOWS: Final = 3
LANGUAGE_SURE: Final = 0.9
SEED: Final = 1  # any will do
CUT_SILENCE_MS: Final = 100  # the longest pause is looked for, so short ones do no harm
# Written without spaces: here a word without one before it is a word of its own.
UNSPACED: Final = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


class FasterWhisper:
    """A model, loaded. It cannot be interrupted: whoever might want that ends its process."""

    def __init__(self, folder: Path, *, device: str, compute_type: str) -> None:
        # Passages that are hard are guessed at with chance: the same ones the next time, please.
        ctranslate2.set_random_seed(SEED)
        self._model: Any = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=1,
            local_files_only=True,
        )

    @property
    def languages(self) -> Collection[str]:
        return frozenset(self._model.supported_languages)

    def hear(
        self,
        samples: Samples,
        *,
        language: str,
        vocabulary: Sequence[str],
        beam: int,
        on_seconds: Callable[[float], None],
    ) -> list[Heard]:
        """`beam`: how many guesses are kept, which is what takes memory beside the model."""
        if len(samples) == 0:
            return []
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=beam,
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=True,
            hotwords=", ".join(vocabulary) or None,
        )
        heard: list[Heard] = []
        for segment in segments:
            on_seconds(float(segment.end))
            heard.append(_heard(segment, spaced=language not in UNSPACED))
        return heard

    def language(self, samples: Samples) -> Language:
        code, probability, _ = self._model.detect_language(
            samples,
            vad_filter=True,
            language_detection_segments=LANGUAGE_WINDOWS,
            language_detection_threshold=LANGUAGE_SURE,
        )
        return Language(str(code), float(probability))


def speech(samples: Samples) -> list[tuple[int, int]]:
    """Milliseconds in which somebody speaks, by Silero."""
    options = VadOptions(min_silence_duration_ms=CUT_SILENCE_MS, speech_pad_ms=0)
    found = get_speech_timestamps(np.ascontiguousarray(samples), options)
    per_ms = RATE // 1000
    return [(int(span["start"]) // per_ms, int(span["end"]) // per_ms) for span in found]


def download(name: str, to: Path) -> Path:
    """Fetch a model from its hub. OSError where it cannot be had, ValueError where it has none."""
    return Path(download_model(name, output_dir=str(to)))


def _heard(segment: Any, *, spaced: bool) -> Heard:
    return Heard(
        words=tuple(_words(segment.words or (), spaced=spaced)),
        no_speech=float(segment.no_speech_prob),
        logprob=float(segment.avg_logprob),
        compression=float(segment.compression_ratio),
    )


def _words(tokens: Iterable[Any], *, spaced: bool) -> Iterator[Spoken]:
    """Whole words: the recogniser hands over "ill-disposed" as "ill" and "-disposed"."""
    whole: Spoken | None = None
    for token in tokens:
        text = token.word.strip()
        if not text:
            continue
        # Numbers come as numpy scalars; plain ones travel better.
        start, end, confidence = map(float, (token.start, token.end, token.probability))
        if whole and spaced and not token.word.startswith(" "):
            weakest = min(whole.confidence, confidence)
            whole = Spoken(whole.text + text, whole.start, end, weakest, whole.spaced)
            continue
        if whole:
            yield whole
        whole = Spoken(text, start, end, confidence, spaced=token.word.startswith(" "))
    if whole:
        yield whole
