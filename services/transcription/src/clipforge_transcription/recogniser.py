"""From sound to words: which model listens, in which language, and what is believed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from clipforge.v1.documents_pb2 import Segment
from clipforge_runtime.errors import Permanent, Transient
from clipforge_transcription import guards, notices, omissions, timing
from clipforge_transcription.engines import Aligner, Engine, Heard, Language, SpeechDetector
from clipforge_transcription.samples import RATE, Samples

ENGLISH: Final = "en"
SURE: Final = 0.5  # below this a detected language is said to be uncertain
DOUBTED: Final = 0.95  # below this what was heard is looked at: French was called English at 0.82


@dataclass(frozen=True)
class Choice:
    """Who listens to a film, decided once for the whole of it."""

    engine: str
    language: str  # empty: nobody speaks
    probability: float  # 1.0: the user says so; 0.0: nobody knows
    notice: str = ""


@dataclass(frozen=True)
class Recogniser:
    """The installed models together: English goes to the small one, the rest to the other."""

    english: Engine
    multilingual: Engine | None
    detector: SpeechDetector
    align: Aligner | None = None

    @property
    def identity(self) -> str:
        """What a transcript depends on beside the sound and the options."""
        return "+".join(engine.identity for engine in self._engines())

    def choose(
        self, samples: Samples, *, language: str, model: str, cancelled: Callable[[], bool]
    ) -> Choice:
        """Decide by the user's wish, else by listening. Permanent for what is not installed."""
        wish = self._wished(model) if model else None
        if asked := language.partition("-")[0].lower():
            return self._asked(asked, wish)
        if self.multilingual is None:
            return Choice((wish or self.english).name, ENGLISH, 0.0)
        return self._heard(
            self.multilingual.language(samples, cancelled=cancelled), self.multilingual, wish
        )

    def transcribe(
        self,
        samples: Samples,
        choice: Choice,
        *,
        offset_ms: int,
        end_ms: int,
        vocabulary: Sequence[str],
        on_seconds: Callable[[float], None],
        cancelled: Callable[[], bool],
    ) -> tuple[list[Segment], str]:
        """Segments in milliseconds of the film, and a notice.

        It says where speech was not understood, or only without the vocabulary.
        """
        engine = self.engine(choice.engine)

        def hear(
            samples: Samples, vocabulary: Sequence[str], on_seconds: Callable[[float], None]
        ) -> list[Heard]:
            heard = engine.hear(
                samples,
                language=choice.language,
                vocabulary=vocabulary,
                on_seconds=on_seconds,
                cancelled=cancelled,
            )
            return guards.believable(heard)

        heard, notice = hear(samples, vocabulary, on_seconds), ""
        unheard = not heard
        if unheard and not self._speaks(samples, cancelled):
            return [], ""
        if unheard and vocabulary:  # a small model can lose itself in names that it has never met
            vocabulary, notice = (), notices.VOCABULARY_LEFT_OUT
            heard = hear(samples, vocabulary, on_seconds)
        doubted = choice.probability < DOUBTED and guards.sounds_foreign(heard)
        if doubted and guards.few(heard):  # a mumbled "yes", or a whole speech misheard?
            doubted = self._speaks(samples, cancelled)
        if doubted or (unheard and not heard and choice.probability < DOUBTED):
            return [], self._complaint(choice)  # pieces of a strange language sound less strange

        def timed(heard: Sequence[Heard], samples: Samples) -> omissions.Timed:
            align = self._aligner(choice, cancelled)
            return timing.correct(heard, samples, engine=engine.name, align=align)

        def again(pause: Samples) -> omissions.Timed:
            on_seconds(len(samples) / RATE)  # no further than it was, but alive
            heard = hear(pause, vocabulary, lambda _seconds: None)
            return [] if guards.sounds_foreign(heard) else timed(heard, pause)

        words = omissions.filled(
            timed(heard, samples),
            samples,
            speech=partial(self.detector.speech, cancelled=cancelled),
            hear=again,
        )
        if unheard and not words:
            return [], self._complaint(choice)
        return timing.segments(words, offset_ms=offset_ms, end_ms=end_ms), notice

    def engine(self, name: str) -> Engine:
        """The one of a plan. Transient where another worker, of another version, has made it."""
        for engine in self._engines():
            if engine.name == name:
                return engine
        raise Transient(f"The speech model {name!r}, chosen for this film, is not installed here.")

    def _wished(self, model: str) -> Engine:
        names = {engine.name: engine for engine in self._engines()}
        if model not in names:
            raise Permanent(
                f"There is no speech model {model!r} here; there are: {', '.join(names)}.",
                reason="model-not-installed",
            )
        return names[model]

    def _asked(self, language: str, wish: Engine | None) -> Choice:
        usual = self.english if language == ENGLISH else self.multilingual
        engine = wish or usual
        if engine is None:
            raise Permanent(
                f"No installed speech model knows the language {language!r}. "
                f"{notices.NO_MULTILINGUAL}.",
                reason="language-not-installed",
            )
        if language not in engine.languages:
            some = "a code of two letters, like en or de"
            other = f"leave the model out, or name {some}" if wish else f"name {some}"
            raise Permanent(
                f"The speech model {engine.name!r} does not know the language {language!r}: "
                f"{other}.",
                reason="language-not-installed",
            )
        return Choice(engine.name, language, 1.0)

    def _heard(self, found: Language, multilingual: Engine, wish: Engine | None) -> Choice:
        usual = self.english if found.code == ENGLISH else multilingual
        engine = wish or usual
        if found.code not in engine.languages:
            if found.probability < SURE:
                return Choice(engine.name, ENGLISH, 0.0)
            raise Permanent(
                f"This film is probably in the language {found.code!r}, which the speech model "
                f"{engine.name!r} does not know. Leave the model out or choose "
                f"{multilingual.name!r}; or say --language en if it is English after all.",
                reason="language-not-installed",
            )
        notice = notices.uncertain(found.code) if found.probability < SURE else ""
        return Choice(engine.name, found.code, found.probability, notice)

    def _aligner(self, choice: Choice, cancelled: Callable[[], bool]) -> timing.Align | None:
        if self.align is None or choice.language != ENGLISH:
            return None
        return partial(self.align, cancelled=cancelled)

    def _speaks(self, samples: Samples, cancelled: Callable[[], bool]) -> bool:
        return omissions.enough(self.detector.speech(samples, cancelled=cancelled))

    def _complaint(self, choice: Choice) -> str:
        if choice.probability >= DOUBTED:
            return notices.not_understood(choice.language)
        return notices.UNKNOWN_LANGUAGE if self.multilingual else notices.NOT_ENGLISH

    def _engines(self) -> list[Engine]:
        """Each once: one model of many languages may do for English, too."""
        other = self.multilingual
        return [self.english] if other is None or other is self.english else [self.english, other]
