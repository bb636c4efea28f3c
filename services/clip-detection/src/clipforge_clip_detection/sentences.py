"""A transcript as sentences: what clips are made of, and where they may begin and end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Transcript, Word
from clipforge_contracts.subtitles import words

PAUSE_MS: Final = 700  # ends a sentence where the recogniser wrote no full stop
LONGEST: Final = 40  # words; a recogniser without punctuation would make one of everything
ENDINGS: Final = (".", "?", "!", "…", "。", "\uff1f", "\uff01")


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


def sentences(transcript: Transcript) -> list[Sentence]:
    """The sentences of a film, in order."""
    groups = list(_groups(words(transcript)))
    made: list[Sentence] = []
    for n, group in enumerate(groups):
        before = groups[n - 1][-1].end_ms if n else 0
        after = groups[n + 1][0].start_ms if n + 1 < len(groups) else transcript.duration_ms
        pause_after = max(after - group[-1].end_ms, 0)
        made.append(
            Sentence(
                text=" ".join(word.text.strip() for word in group),
                start_ms=group[0].start_ms,
                end_ms=group[-1].end_ms,
                words=len(group),
                pause_before_ms=max(group[0].start_ms - before, 0),
                pause_after_ms=pause_after,
                finished=_ends(group[-1].text) or pause_after > PAUSE_MS,
            )
        )
    return made


def _groups(spoken: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for n, word in enumerate(spoken):
        group.append(word)
        following = spoken[n + 1] if n + 1 < len(spoken) else None
        paused = following is not None and following.start_ms - word.end_ms > PAUSE_MS
        if _ends(word.text) or paused or len(group) >= LONGEST:
            yield group
            group = []
    if group:
        yield group


def _ends(text: str) -> bool:
    return text.rstrip("\"')\u201d\u2019").endswith(ENDINGS)
