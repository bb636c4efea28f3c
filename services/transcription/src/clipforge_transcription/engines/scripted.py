"""A recogniser that hears what it was told: for tests of everything around one."""

from collections.abc import Callable, Collection, Sequence

from clipforge_transcription.engines import Cancelled, Heard, Language, Spoken
from clipforge_transcription.samples import RATE, Samples

SECONDS_PER_WORD = 0.5


class Scripted:
    """An Engine whose words come two a second, from one text, in every call from its start."""

    def __init__(
        self,
        text: str,
        *,
        name: str = "scripted",
        detects: Language = Language("en", 0.99),  # noqa: B008  (frozen)
        languages: Collection[str] = ("en", "de"),
        logprob: float = 0.0,
        confidence: float = 0.9,
        lost_in: str = "",  # the vocabulary with this word leaves it nothing
    ) -> None:
        self._words = text.split()
        self._detects = detects
        self._logprob = logprob
        self._confidence = confidence
        self._lost_in = lost_in
        self.languages = languages
        self.name = name
        self.sha256 = "0" * 64
        self.identity = f"{name}:{text}"
        self.calls: list[tuple[str, tuple[str, ...], float]] = []

    def hear(
        self,
        samples: Samples,
        *,
        language: str,
        vocabulary: Sequence[str],
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> list[Heard]:
        seconds = len(samples) / RATE
        self.calls.append((language, tuple(vocabulary), seconds))
        if self._lost_in in vocabulary:
            return []
        heard: list[Heard] = []
        words: list[Spoken] = []
        for n, text in enumerate(self._words):
            start = n * SECONDS_PER_WORD
            if start + SECONDS_PER_WORD > seconds:
                break
            words.append(Spoken(text, start, start + SECONDS_PER_WORD * 0.9, self._confidence))
            if text.endswith((".", "?", "!")):
                if cancelled():
                    raise Cancelled
                on_seconds(start + SECONDS_PER_WORD)
                heard.append(Heard(tuple(words), logprob=self._logprob))
                words = []
        if words:
            heard.append(Heard(tuple(words), logprob=self._logprob))
        return heard

    def language(self, samples: Samples, *, cancelled: Callable[[], bool]) -> Language:
        return self._detects


class Always:
    """A SpeechDetector for which somebody speaks all the time, but for a pause each minute."""

    def speech(self, samples: Samples, *, cancelled: Callable[[], bool]) -> list[tuple[int, int]]:
        length = len(samples) * 1000 // RATE
        return [(at, min(at + 59_000, length)) for at in range(0, length, 60_000)]
