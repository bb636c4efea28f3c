"""Speech recognisers behind one Protocol. To add one, write a module beside this one."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from clipforge_transcription.samples import Samples


@dataclass(frozen=True)
class Spoken:
    """A word as the recogniser heard it. Times in seconds from the start of the samples."""

    text: str
    start: float
    end: float
    confidence: float
    spaced: bool = True  # whether a space goes before it: some scripts have none


@dataclass(frozen=True)
class Heard:
    """A segment as the recogniser heard it."""

    words: tuple[Spoken, ...]
    no_speech: float = 0.0  # chance that nobody spoke
    logprob: float = 0.0  # mean log probability of its tokens
    compression: float = 1.0  # gzip ratio of its text: repetitions compress well


@dataclass(frozen=True)
class Language:
    """What is spoken, and how sure that is."""

    code: str
    probability: float


class Cancelled(Exception):
    """Nobody wants this transcription any more."""


class Engine(Protocol):
    """A recogniser. Its methods block; they are called in threads, several at once. They raise
    Cancelled soon after `cancelled()`, whatever they do, and Overloaded where memory ran out.
    """

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str:
        """Of the model."""
        ...

    @property
    def identity(self) -> str:
        """All of it that a transcript depends on: name, model, arithmetic."""
        ...

    @property
    def languages(self) -> Collection[str]:
        """Codes of what it understands: of one language, or of many."""
        ...

    def hear(
        self,
        samples: Samples,
        *,
        language: str,
        vocabulary: Sequence[str],
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> list[Heard]:
        """Transcribe. Calls `on_seconds` as it gets on."""
        ...

    def language(self, samples: Samples, *, cancelled: Callable[[], bool]) -> Language:
        """What is spoken; for engines of several languages."""
        ...


class SpeechDetector(Protocol):
    """Tells speech from silence and music. As an Engine, it blocks and is cancelled."""

    def speech(self, samples: Samples, *, cancelled: Callable[[], bool]) -> list[tuple[int, int]]:
        """Milliseconds in which somebody speaks."""
        ...


class Aligner(Protocol):
    """Finds when words are spoken that are known. As an Engine, it blocks and is cancelled."""

    def __call__(
        self, samples: Samples, words: Sequence[str], *, cancelled: Callable[[], bool]
    ) -> Sequence[tuple[float, float]] | None:
        """Start and end of each word in seconds, or None where it cannot tell."""
        ...
