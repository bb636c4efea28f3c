"""A transcript as sentences: what clips are made of, and where they may begin and end."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Final

from clipforge.v1.documents_pb2 import Transcript, Word
from clipforge_contracts.subtitles import words

PAUSE_MS: Final = 700  # ends a sentence where the recogniser wrote no full stop
MOST_WORDS: Final = 40  # a recogniser without punctuation would make one of everything
ENDINGS: Final = (".", "?", "!", "…", "。", "\uff1f", "\uff01", "।", "؟", "۔")  # noqa: RUF001
QUESTIONS: Final = ("?", "\uff1f", "؟")
CLOSING: Final = "\"')]\u201d\u2019\u300d"  # may follow the full stop
ABBREVIATIONS: Final = frozenset(
    ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "e.g.", "i.e.", "jr.", "no.", "approx.")
)
SPACELESS: Final = (  # scripts that write no spaces between words
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Burmese
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3000", "\u30ff"),  # Japanese, and the marks of Chinese
    ("\u3400", "\u9fff"),  # Chinese
    ("\uff00", "\uffef"),  # wide marks
)
_WITHIN: Final = re.compile("(?<=[\u3002\uff1f\uff01])(?=\\w)")  # no space follows these


@dataclass(frozen=True)
class Sentence:
    """Consecutive words, and the silence around them."""

    text: str
    start_ms: int
    end_ms: int
    words: int
    pause_before_ms: int
    pause_after_ms: int
    finished: bool  # ends with a full stop or a long pause, not because it was too long

    @property
    def seconds(self) -> float:
        return max(self.end_ms - self.start_ms, 1) / 1000

    @property
    def asks(self) -> bool:
        return self.text.rstrip(CLOSING).endswith(QUESTIONS)


def sentences(
    transcript: Transcript, longest_ms: int, most_words: int = MOST_WORDS
) -> list[Sentence]:
    """The sentences of a film, in order, none overlapping, none longer than a clip may be unless
    one word is."""
    groups = list(_groups(_spoken(transcript), longest_ms, most_words))
    made: list[Sentence] = []
    for n, group in enumerate(groups):
        before = groups[n - 1][-1].end_ms if n else 0
        after = groups[n + 1][0].start_ms if n + 1 < len(groups) else transcript.duration_ms
        pause_after = max(after - group[-1].end_ms, 0)
        made.append(
            Sentence(
                text=_join([word.text for word in group]),
                start_ms=group[0].start_ms,
                end_ms=group[-1].end_ms,
                words=len(group),
                pause_before_ms=group[0].start_ms - before,
                pause_after_ms=pause_after,
                finished=_ends(group[-1].text) or pause_after > PAUSE_MS or n + 1 == len(groups),
            )
        )
    return made


def spaceless(letter: str) -> bool:
    """Whether the script of a letter writes no spaces between words."""
    return any(low <= letter <= high for low, high in SPACELESS)


def _spoken(transcript: Transcript) -> list[Word]:
    """Words with text, one after the other: recognisers let neighbours overlap by a little."""
    made: list[Word] = []
    at = 0
    for word in words(transcript):
        begin, end = max(word.start_ms, at), max(word.end_ms, word.start_ms, at)
        texts = _WITHIN.split(" ".join(word.text.split()))
        letters, total = 0, sum(map(len, texts))
        for text in filter(None, texts):
            start = begin + (end - begin) * letters // total
            letters += len(text)
            at = begin + (end - begin) * letters // total
            made.append(Word(text=text, start_ms=start, end_ms=at))
    return made


def _groups(spoken: Sequence[Word], longest_ms: int, most_words: int) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word, following in zip_longest(spoken, spoken[1:]):
        group.append(word)
        if following is None or _parts(group, following, longest_ms, most_words):
            yield group
            group = []


def _parts(group: Sequence[Word], following: Word, longest_ms: int, most_words: int) -> bool:
    """Whether a sentence ends between the group and the following word."""
    paused = following.start_ms - group[-1].end_ms > PAUSE_MS
    full = len(group) >= most_words or following.end_ms - group[0].start_ms > longest_ms
    # "at 5 p.m. on Monday" goes on.
    ends = _ends(group[-1].text) and not following.text[0].islower()
    return paused or full or ends


def _ends(text: str) -> bool:
    bare = text.rstrip(CLOSING)
    initial = len(bare) == 2 and bare[0].isupper() and bare[1] == "."
    return bare.endswith(ENDINGS) and bare.lower() not in ABBREVIATIONS and not initial


def _join(texts: Sequence[str]) -> str:
    """Words with spaces between them, but for the scripts that write none."""
    made = [texts[0]]
    for former, text in pairwise(texts):
        made += [text] if spaceless(former[-1]) and spaceless(text[0]) else [" ", text]
    return "".join(made)
