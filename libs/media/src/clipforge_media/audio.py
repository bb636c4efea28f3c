"""Sound as the recogniser and the waveform want it: arguments for ffmpeg, and peaks."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from clipforge_media import inputs

RATE: Final = 16_000  # samples a second; speech models are trained on it
BYTES_A_SECOND: Final = 2 * RATE
PEAK_MS: Final = 50  # one byte of waveform each
_SAMPLES: Final = RATE * PEAK_MS // 1000


def to_flac(source: str, to: str) -> list[str]:
    """16 kHz mono FLAC of the first sound track, and the same samples, s16le, on stdout: decoding
    is what costs. s16, as the default 24 bits double the size of the file.
    """
    mono = ("-map", "0:a:0", "-ac", "1", "-ar", str(RATE))
    return [
        *("-v", "error", *inputs.local(source)),
        *(*mono, "-c:a", "flac", "-sample_fmt", "s16", to),
        *(*mono, "-f", "s16le", "pipe:1"),
    ]


@dataclass
class Peaks:
    """A waveform, made from samples as they pass: one byte per 50 ms, |peak| * 255."""

    values: bytearray = field(default_factory=bytearray)
    seconds: float = 0.0  # of sound that has passed
    _rest: bytes = b""

    def add(self, block: bytes) -> None:
        """Take the next samples, s16le."""
        self.seconds += len(block) / BYTES_A_SECOND
        data = self._rest + block
        whole = len(data) // (2 * _SAMPLES) * (2 * _SAMPLES)
        self._rest = data[whole:]
        self.values += _peaks(np.frombuffer(data[:whole], "<i2").reshape(-1, _SAMPLES))

    def finish(self) -> bytes:
        """The waveform, with what is left as its last value."""
        even = len(self._rest) // 2 * 2
        if even:
            self.values += _peaks(np.frombuffer(self._rest[:even], "<i2").reshape(1, -1))
        self._rest = b""
        return bytes(self.values)


def _peaks(rows: "np.ndarray[tuple[int, int], np.dtype[np.int16]]") -> bytes:
    if not rows.size:
        return b""
    # Wider than 16 bits: the lowest sample has no opposite.
    highest = np.maximum(rows.max(axis=1).astype(np.int32), -rows.min(axis=1).astype(np.int32))
    return bytes(np.minimum(highest * 255 // 32767, 255).astype(np.uint8))
