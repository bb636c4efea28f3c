"""Real speech with what was said in it, and how far a transcript is from that.

Errors are counted after Whisper's own normaliser, so that spelling and punctuation do not count.
"""

import difflib
import json
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jiwer

import data
from clipforge.v1.documents_pb2 import Transcript

FOLDER: Final = "speech"


@dataclass(frozen=True)
class Recording:
    """A file, what is said in it, and when each word starts (milliseconds), where that is known."""

    file: Path
    text: str
    words: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Errors:
    """Wrong words against all words."""

    wrong: int
    of: int

    @property
    def percent(self) -> float:
        return 100 * self.wrong / self.of

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(self.wrong + other.wrong, self.of + other.of)


def recordings() -> list[Recording]:
    """Every recording of the test data; skips the test where there is none."""
    manifest = json.loads(data.find(f"{FOLDER}/manifest.json").read_text())
    return [
        Recording(
            file=data.find(f"{FOLDER}/{entry['file']}"),
            text=entry["reference"],
            words=tuple((round(start * 1000), word) for start, _, word in entry["words"] or ()),
        )
        for entry in manifest
    ]


def word_errors(reference: str, said: str) -> Errors:
    """Substitutions, insertions and deletions."""
    truth, heard = _normal(reference), _normal(said)
    counted = jiwer.process_words(truth, heard)
    wrong = counted.substitutions + counted.insertions + counted.deletions
    return Errors(wrong, len(truth.split()))


def text(transcript: Transcript) -> str:
    return " ".join(segment.text for segment in transcript.segments)


def start_errors(truth: Recording, transcript: Transcript) -> list[int]:
    """Milliseconds by which each matched word starts too early or too late."""
    said = [
        (_letters(word.text), word.start_ms)
        for segment in transcript.segments
        for word in segment.words
    ]
    known = [(_letters(word), start) for start, word in truth.words]
    matcher = difflib.SequenceMatcher(
        None, [word for word, _ in known], [word for word, _ in said], autojunk=False
    )
    return [
        abs(known[block.a + n][1] - said[block.b + n][1])
        for block in matcher.get_matching_blocks()
        for n in range(block.size)
    ]


def _normal(said: str) -> str:
    return str(_normaliser()(said.replace("\u2019", "'")))


@cache
def _normaliser() -> Any:
    with warnings.catch_warnings():  # its docstring has an escape that Python does not know
        warnings.simplefilter("ignore", DeprecationWarning)
        from whisper_normalizer.english import EnglishTextNormalizer
    return EnglishTextNormalizer()


def _letters(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalpha() or letter == "'")
