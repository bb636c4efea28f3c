"""Sound as the recogniser and the waveform want it: arguments for ffmpeg, and peaks."""

from array import array
from dataclasses import dataclass, field
from typing import Final

from clipforge_media import inputs

RATE: Final = 16_000  # samples a second; speech models are trained on it
PEAK_MS: Final = 50  # one byte of waveform each
_BLOCK: Final = RATE * PEAK_MS // 1000


def to_flac(source: str, to: str) -> list[str]:
    """16 kHz mono FLAC of the first sound track, s16: the default 24 bits double its size."""
    return [
        *("-v", "error", *inputs.local(source), "-map", "0:a:0", "-vn"),
        *("-ac", "1", "-ar", str(RATE), "-c:a", "flac", "-sample_fmt", "s16", to),
    ]


def to_pcm(source: str) -> list[str]:
    """16 kHz mono samples of 16 bits on stdout."""
    return [
        *("-v", "error", *inputs.local(source), "-map", "0:a:0"),
        *("-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"),
    ]


@dataclass
class Peaks:
    """A waveform, made from samples as they pass: one byte per 50 ms, |peak| * 255."""

    values: bytearray = field(default_factory=bytearray)
    _rest: bytes = b""

    def add(self, block: bytes) -> None:
        """Take the next samples, s16le."""
        size = 2 * _BLOCK
        data = self._rest + block
        whole = len(data) // size * size
        for start in range(0, whole, size):
            self.values.append(_peak(data[start : start + size]))
        self._rest = data[whole:]

    def finish(self) -> bytes:
        """The waveform, with what is left as its last value."""
        if len(self._rest) >= 2:
            self.values.append(_peak(self._rest[: len(self._rest) // 2 * 2]))
        self._rest = b""
        return bytes(self.values)


def _peak(samples: bytes) -> int:
    values = array("h", samples)
    return min(255, max(max(values), -min(values)) * 255 // 32767)
