"""faster-whisper on CTranslate2. The only file that imports either.

The settings were measured on real speech, in CPU seconds a second of sound and word errors: int8
halves the CPU, one thread a worker is faster than two, beam 5 and voice detection lose the fewest
words, and earlier text is not fed back, since errors then repeat.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.utils import download_model
from faster_whisper.vad import VadOptions, get_speech_timestamps

from clipforge_transcription.engines import Cancelled, Heard, Language, Spoken
from clipforge_transcription.samples import RATE, Samples

BEAM: Final = 5
LANGUAGE_WINDOWS: Final = 3  # of 30 s; one alone took French radio for English
CUT_SILENCE_MS: Final = 300


class FasterWhisper:
    """An Engine. Loads its model once; `workers` transcriptions may run at once."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        sha256: str,
        workers: int,
        device: str = "cpu",
        compute_type: str = "int8",
    ) -> None:
        self._model: Any = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=1,
            num_workers=workers,
            local_files_only=True,
        )
        self.name = name
        self.sha256 = sha256

    @property
    def multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def hear(
        self,
        samples: Samples,
        *,
        language: str,
        vocabulary: Sequence[str],
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> list[Heard]:
        if len(samples) == 0 or cancelled():
            return []
        segments, _ = self._model.transcribe(
            samples,
            language=language or "en",
            beam_size=BEAM,
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=True,
            hotwords=", ".join(vocabulary) or None,
        )
        heard: list[Heard] = []
        for segment in segments:
            if cancelled():
                raise Cancelled
            on_seconds(float(segment.end))
            heard.append(_heard(segment))
        return heard

    def language(self, samples: Samples) -> Language:
        code, probability, _ = self._model.detect_language(
            samples, vad_filter=True, language_detection_segments=LANGUAGE_WINDOWS
        )
        return Language(str(code), float(probability))


class Silero:
    """A SpeechDetector: the voice detection that faster-whisper carries."""

    def speech(self, samples: Samples) -> list[tuple[int, int]]:
        options = VadOptions(min_silence_duration_ms=CUT_SILENCE_MS, speech_pad_ms=0)
        found = get_speech_timestamps(np.ascontiguousarray(samples), options)
        per_ms = RATE // 1000
        return [(int(span["start"]) // per_ms, int(span["end"]) // per_ms) for span in found]


def download(name: str, to: Path) -> Path:
    """Fetch a model from its hub. OSError where it cannot be had."""
    return Path(download_model(name, output_dir=str(to)))


def _heard(segment: Any) -> Heard:
    # Numbers come as numpy scalars; plain ones travel better.
    return Heard(
        words=tuple(
            Spoken(word.word.strip(), float(word.start), float(word.end), float(word.probability))
            for word in segment.words or ()
            if word.word.strip()
        ),
        no_speech=float(segment.no_speech_prob),
        logprob=float(segment.avg_logprob),
        compression=float(segment.compression_ratio),
    )
