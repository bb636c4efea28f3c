"""What a container is called by the world: file extension and content type."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipforge_media import boxes

EBML_HEAD: Final = 64  # bytes; the document type stands among the first
# How files of photos begin: JPEG, PNG, GIF, TIFF, BMP.
_PHOTOS: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")
_PHOTO_BRANDS: Final = {b"heic", b"heix", b"mif1", b"avif"}  # photos that look like films at first


@dataclass(frozen=True)
class Container:
    """A kind of file."""

    extension: str
    content_type: str


MP4: Final = Container("mp4", "video/mp4")
QUICKTIME: Final = Container("mov", "video/quicktime")
MATROSKA: Final = Container("mkv", "video/matroska")  # RFC 9559
WEBM: Final = Container("webm", "video/webm")
UNKNOWN: Final = Container("bin", "application/octet-stream")
_BY_FORMAT: Final = {
    "avi": Container("avi", "video/vnd.avi"),
    "mpegts": Container("ts", "video/mp2t"),
    "mpeg": Container("mpg", "video/mpeg"),
    "flv": Container("flv", "video/x-flv"),
    "ogg": Container("ogv", "video/ogg"),
}


def kind(file: Path, format_name: str) -> Container:
    """The kind of a probed file. One demuxer reads MP4 and MOV, and one MKV and WebM: their first
    bytes tell them apart.
    """
    names = format_name.split(",")
    if "mov" in names:
        return QUICKTIME if boxes.brand(file) in (b"qt  ", b"") else MP4
    if "matroska" in names:
        with file.open("rb") as body:
            return WEBM if b"webm" in body.read(EBML_HEAD) else MATROSKA
    return _BY_FORMAT.get(names[0], UNKNOWN)


def is_photo(file: Path) -> bool:
    """Whether a file begins as photos do. To be asked of what is no film: it is a short look."""
    with file.open("rb") as body:
        head = body.read(12)
    webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return webp or head.startswith(_PHOTOS) or boxes.brand(file) in _PHOTO_BRANDS
