"""Where the crop window is at each moment: still within a shot where it can be, smooth where not.

A window that follows each detection jitters; one that stands still loses a walking speaker. So each
shot gets one place, unless its face wanders, and cuts of the film are hard steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clipforge_export.frame import Framing

WANDERS: Final = 0.35  # of the window's width: a face that moves less is followed by no one
SMOOTH: Final = 5  # samples of the moving average
FACES: Final = 0.2  # share of samples with a face, below which the whole picture is shown
STEP: Final = 0.001  # seconds: how long a hard step takes
MAX_KEYS: Final = 400


@dataclass(frozen=True)
class Face:
    """A face in pixels of the source."""

    x: float  # of its centre
    y: float
    area: float
    score: float


@dataclass(frozen=True)
class Sample:
    """One moment of the clip, in seconds from its start."""

    time: float
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class Shots:
    """What looking at a clip has found."""

    samples: tuple[Sample, ...]
    cuts: tuple[float, ...]  # where shots begin; the first is 0

    @property
    def face_share(self) -> float:
        """The share of moments that show a face."""
        if not self.samples:
            return 0.0
        return sum(bool(sample.faces) for sample in self.samples) / len(self.samples)


Key = tuple[float, float]
"""Time in seconds, and the left edge of the window in pixels of the source."""


def layout(shots: Shots, framing: Framing) -> str:
    """`full`: as it is; `track`: a window follows faces; `fit`: the whole picture over a blur."""
    if framing.whole:
        return "full"
    if framing.sideways and shots.face_share >= FACES:
        return "track"
    return "fit"


def path(shots: Shots, framing: Framing, duration: float) -> list[Key]:
    """Keys of the window's left edge; between two keys it moves in a straight line."""
    room = framing.source.width - framing.crop.width
    centre = framing.source.width / 2
    keys: list[Key] = []
    ends = [*shots.cuts[1:], duration]
    for start, end in zip(shots.cuts, ends, strict=True):
        points = _speaker([sample for sample in shots.samples if start <= sample.time < end])
        if not points:
            before = keys[-1][1] + framing.crop.width / 2 if keys else centre
            points = [(start, before if shots.face_share else centre)]
        for time, x in _shot(points, start, end, framing.crop.width):
            edge = min(max(x - framing.crop.width / 2, 0), room)
            keys.append((round(time, 3), round(edge, 1)))
    return _thinned(keys)


def _speaker(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """One face a moment: near the one before, and large."""
    points: list[tuple[float, float]] = []
    for sample in samples:
        if not sample.faces:
            continue
        last = points[-1][1] if points else None
        largest = max(face.area for face in sample.faces)
        # A face of at least half the largest's size that is nearest to the last one.
        likely = [face for face in sample.faces if face.area >= largest / 2]
        face = (
            max(likely, key=lambda face: face.area)
            if last is None
            else min(likely, key=lambda face: abs(face.x - last))
        )
        points.append((sample.time, face.x))
    return points


def _shot(
    points: Sequence[tuple[float, float]], start: float, end: float, width: int
) -> list[tuple[float, float]]:
    xs = np.array([x for _, x in points])
    if np.percentile(xs, 95) - np.percentile(xs, 5) < WANDERS * width:
        still = float(np.median(xs))
        return [(start, still), (max(end - STEP, start), still)]
    half = SMOOTH // 2
    smooth = np.convolve(np.pad(xs, half, mode="edge"), np.ones(SMOOTH) / SMOOTH, "valid")
    inside = [
        (time, float(x))
        for (time, _), x in zip(points, smooth, strict=True)
        if start < time < end - STEP
    ]
    return [
        (start, float(smooth[0])),
        *inside,
        (max(end - STEP, start), float(smooth[-1])),
    ]


def _thinned(keys: list[Key]) -> list[Key]:
    """Without keys that lie on the line between their neighbours, and never too many."""
    kept: list[Key] = []
    for n, key in enumerate(keys):
        if 0 < n < len(keys) - 1 and kept:
            (t0, x0), (t1, x1) = kept[-1], keys[n + 1]
            on_line = x0 + (x1 - x0) * (key[0] - t0) / (t1 - t0) if t1 > t0 else x0
            if abs(on_line - key[1]) < 0.5:
                continue
        kept.append(key)
    every = -(-len(kept) // MAX_KEYS)
    return kept if every <= 1 else [*kept[::every], kept[-1]]
