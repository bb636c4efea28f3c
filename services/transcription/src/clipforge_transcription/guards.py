"""What a recogniser invents is taken out: it hears thanks in silence and prose in music."""

import re
from collections.abc import Sequence
from typing import Final

from clipforge_transcription.engines import Heard

NO_SPEECH: Final = 0.6
LOGPROB: Final = -1.0
REPETITIVE: Final = 2.4  # gzip ratio; OpenAI's own threshold for a decoding gone in circles
UNSURE: Final = 0.5  # mean confidence of a stock phrase that stands alone
# A model on a language that it does not know writes prose that nobody said. Measured with tiny.en:
# ten other languages had -0.95 and 0.47 at the most, English had -0.41 and 0.81 at the least.
FOREIGN_LOGPROB: Final = -0.7
FOREIGN_CONFIDENCE: Final = 0.65
FEW: Final = 5  # words; of fewer a mean says little

# What Whisper says where nothing is said, seen on silence, noise and laughter.
STOCK: Final = frozenset(
    {
        *("you", "thank you", "thanks", "thank you very much", "thank you so much", "bye"),
        *("thanks for watching", "thank you for watching", "please subscribe", "you you"),
        "thank you so much again",
    }
)


def believable(heard: Sequence[Heard]) -> list[Heard]:
    """The segments that somebody probably said."""
    return [segment for segment in heard if segment.words and not _invented(segment)]


def sounds_foreign(heard: Sequence[Heard]) -> bool:
    """Whether a model has probably listened to a language that it was not told."""
    words = [word for segment in heard for word in segment.words]
    if not words:
        return False
    logprob = sum(segment.logprob * len(segment.words) for segment in heard) / len(words)
    confidence = sum(word.confidence for word in words) / len(words)
    return logprob < FOREIGN_LOGPROB and confidence < FOREIGN_CONFIDENCE


def few(heard: Sequence[Heard]) -> bool:
    """Whether a doubt about these words may be nothing but a short answer, mumbled."""
    return sum(len(segment.words) for segment in heard) < FEW


def _invented(segment: Heard) -> bool:
    said = " ".join(word.text for word in segment.words)
    if not any(letter.isalnum() for letter in said):  # "..." is what it makes of a hum
        return True
    if segment.no_speech > NO_SPEECH and segment.logprob < LOGPROB:
        return True
    if segment.compression > REPETITIVE:
        return True
    text = re.sub(r"[^a-z ]", "", said.lower()).strip()
    sure = sum(word.confidence for word in segment.words) / len(segment.words)
    return text in STOCK and sure < UNSURE
