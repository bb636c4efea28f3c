"""Sound as numbers: decode a file, or a span of it, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Mono, 16 kHz, -1 to 1."""

RATE: Final = 16_000


def read(file: Path, start_ms: int, end_ms: int) -> Samples:
    """The samples of a span."""
    first, last = start_ms * RATE // 1000, end_ms * RATE // 1000
    found = list(_frames(file, first, last))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def blocks(file: Path, seconds: int) -> Iterator[Samples]:
    """The whole file, some seconds at a time."""
    size = seconds * RATE
    held: list[Samples] = []
    have = 0
    for frame in _frames(file, 0, None):
        held.append(frame)
        have += len(frame)
        if have >= size:
            joined = np.concatenate(held)
            yield joined[:size]
            held, have = [joined[size:]], have - size
    if have:
        yield np.concatenate(held)


def _frames(file: Path, first: int, last: int | None) -> Iterator[Samples]:
    with av.open(str(file), options={"format_whitelist": "flac", "protocol_whitelist": "file"}) as (
        container
    ):
        stream = container.streams.audio[0]
        if first:
            container.seek(first * 1_000_000 // RATE)
        for frame in container.decode(stream):
            at = round((frame.time or 0.0) * RATE)
            values = frame.to_ndarray().reshape(-1)
            if values.dtype == np.int16:
                values = values.astype(np.float32) / 32768
            elif values.dtype == np.int32:
                values = values.astype(np.float32) / 2147483648
            if last is not None and at >= last:
                return
            begin = max(first - at, 0)
            end = len(values) if last is None else min(len(values), last - at)
            if begin < end:
                yield values[begin:end].astype(np.float32, copy=False)
