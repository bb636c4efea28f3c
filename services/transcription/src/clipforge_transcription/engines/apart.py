"""Recogniser, voice detection and aligner as they are asked in processes of their own."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

from clipforge_runtime.strain import Strain
from clipforge_transcription.engines import Heard, Language, Spoken
from clipforge_transcription.listeners import ListenerFailed, Listeners
from clipforge_transcription.models import Model
from clipforge_transcription.samples import Samples

BEAM: Final = 5


class Apart:
    """An Engine: one model, which each listener loads when it first needs it."""

    def __init__(
        self,
        listeners: Listeners,
        model: Model,
        *,
        device: str = "cpu",
        compute_type: str = "int8",
        strain: Strain = lambda: 0,
    ) -> None:
        self._listeners = listeners
        self._model = (str(model.folder), device, compute_type)
        self._strain = strain
        self.name = model.name
        self.sha256 = model.sha256
        self.identity = f"{model.name}:{model.sha256[:16]}:{compute_type}"
        known = listeners.ask("languages", model=self._model, cancelled=_never)
        self.languages: Collection[str] = frozenset(known)

    def hear(
        self,
        samples: Samples,
        *,
        language: str,
        vocabulary: Sequence[str],
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> list[Heard]:
        heard = self._listeners.ask(
            "hear",
            samples.tobytes(),
            model=self._model,
            language=language,
            vocabulary=list(vocabulary),
            beam=beam(self._strain()),
            on_seconds=on_seconds,
            cancelled=cancelled,
        )
        return [
            Heard(**{**one, "words": tuple(Spoken(**word) for word in one["words"])})
            for one in heard
        ]

    def language(self, samples: Samples, *, cancelled: Callable[[], bool]) -> Language:
        found = self._listeners.ask(
            "language", samples.tobytes(), model=self._model, cancelled=cancelled
        )
        return Language(**found)


class Silero:
    """A SpeechDetector."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def speech(self, samples: Samples, *, cancelled: Callable[[], bool]) -> list[tuple[int, int]]:
        found = self._listeners.ask("speech", samples.tobytes(), cancelled=cancelled)
        return [(start, end) for start, end in found]


def aligned(
    listeners: Listeners,
    samples: Samples,
    words: Sequence[str],
    *,
    cancelled: Callable[[], bool],
) -> list[tuple[float, float]] | None:
    """An Aligner, of English."""
    found = listeners.ask("align", samples.tobytes(), words=list(words), cancelled=cancelled)
    return None if found is None else [(start, end) for start, end in found]


def downloaded(listeners: Listeners, name: str, to: Path) -> Path:
    """Fetch a model from its hub. OSError where it cannot be had."""
    try:
        return Path(listeners.ask("download", name=name, to=str(to), cancelled=_never))
    except ListenerFailed as error:
        raise OSError(str(error).strip().rpartition("\n")[2]) from error


def beam(strain: int) -> int:
    """How many guesses are kept: one where a machine could not bear more."""
    return 1 if strain else BEAM


def _never() -> bool:
    return False
