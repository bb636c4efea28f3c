"""The top-level boxes of an MP4 or MOV file: whether its index is there, and how much is missing.

ISO/IEC 14496-12, 4.2: each box begins with its size (32 bits, or 64 where that is 1; 0 means up to
the end of the file) and four letters. Nothing is decoded, so this is quick and safe on any bytes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

HEAD: Final = 8
BIG_HEAD: Final = 16
MOST_BOXES: Final = 100_000  # a fragmented film of a day has 86,400 pairs at worst
FIRST: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


@dataclass(frozen=True)
class Boxes:
    """What a walk over the boxes has found."""

    indexed: bool  # a `moov` box is there, whole
    missing: int  # bytes that the last box promises beyond the end of the file
    bytes: int

    @property
    def missing_share(self) -> float:
        """How much of the file is missing: 0 to 1."""
        return self.missing / (self.bytes + self.missing) if self.missing else 0.0


def read(file: Path) -> Boxes | None:
    """Walk over a file's boxes; None where it does not begin like an MP4 or MOV file."""
    size = file.stat().st_size
    indexed, position = False, 0
    with file.open("rb") as body:
        for _ in range(MOST_BOXES):
            head = _head(body, position, size)
            if head is None:
                break
            letters, length = head
            if position == 0 and letters not in FIRST:
                return None
            position += length
            indexed = indexed or (letters == b"moov" and position <= size)
    if position == 0:
        return None
    return Boxes(indexed, max(0, position - size), size)


def brand(file: Path) -> bytes:
    """The major brand of the `ftyp` box: b"qt  " is QuickTime. Empty where there is none."""
    with file.open("rb") as body:
        head = body.read(12)
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _head(body: BinaryIO, position: int, size: int) -> tuple[bytes, int] | None:
    body.seek(position)
    head = body.read(HEAD)
    if len(head) < HEAD:
        return None
    length, letters, least = int.from_bytes(head[:4], "big"), head[4:], HEAD
    if length == 1:
        length, least = int.from_bytes(body.read(8), "big"), BIG_HEAD
    elif length == 0:
        length = size - position
    return (letters, length) if length >= least else None
