"""Podcast episodes whose editors chose their own highlights, read from JSON lines.

An episode opens with its best lines, which are found again in the show: those are the labels.
Everything before `main_start` is hidden, or the opening itself would give them away.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipforge_clip_detection.interest import FOLDS
from clipforge_clip_detection.sentences import Sentence


@dataclass(frozen=True)
class Episode:
    """One episode from its main start on."""

    id: str
    sentences: list[Sentence]
    highlights: list[tuple[float, float]]  # seconds
    start: float
    end: float

    @property
    def fold(self) -> int:
        """Which training left it out. By its id alone, so that no choice of ours can help; a
        guest who came back ("somebody-2") stays in one fold."""
        return zlib.crc32(re.sub(r"-\d+$", "", self.id).encode()) % FOLDS

    def picked(self, first: Sentence, last: Sentence) -> bool:
        """Whether half of a span, or of a highlight where that is shorter, is what they share."""
        begin, end = first.start_ms / 1000, last.end_ms / 1000
        return any(
            min(end, stop) - max(begin, start) >= 0.5 * min(end - begin, stop - start)
            for start, stop in self.highlights
        )


def read(file: Path) -> Iterator[Episode]:
    """The episodes of a file that have highlights after their main start."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            episode = _episode(json.loads(line))
            if episode.highlights and episode.sentences:
                yield episode


def _episode(raw: dict[str, Any]) -> Episode:
    start = float(raw["main_start"])
    shown = [_fields(sentence) for sentence in raw["sentences"]]
    shown = [sentence for sentence in shown if sentence[0] >= start]
    made = []
    for n, (begin, end, text) in enumerate(shown):
        before = shown[n - 1][1] if n else begin
        after = shown[n + 1][0] if n + 1 < len(shown) else end
        made.append(
            Sentence(
                text=text,
                start_ms=round(begin * 1000),
                end_ms=round(end * 1000),
                words=len(text.split()),
                pause_before_ms=max(round((begin - before) * 1000), 0),
                pause_after_ms=max(round((after - end) * 1000), 0),
                finished=True,
            )
        )
    return Episode(
        id=str(raw["id"]),
        sentences=made,
        highlights=[
            (float(h["start"]), float(h["end"]))
            for h in raw["highlights"]
            if float(h["start"]) >= start
        ],
        start=start,
        end=max((sentence[1] for sentence in shown), default=start),
    )


def _fields(sentence: Any) -> tuple[float, float, str]:
    """Sentences are lists or objects of start, end and text."""
    if isinstance(sentence, dict):
        return float(sentence["start"]), float(sentence["end"]), str(sentence["text"])
    start, end, *_, text = sentence
    return float(start), float(end), str(text)
