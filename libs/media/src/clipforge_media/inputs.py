"""What ffmpeg may read: containers that carry a film by themselves, from this disk only."""

from typing import Final

# Playlists (hls, dash, concat) would let a file name other files and addresses, and are not here.
FORMATS: Final = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg"),
    *("flv", "ogg"),
)
# Recognised, so that a podcast is told what is wrong with it. None carries a film.
SOUND_FORMATS: Final = ("mp3", "wav", "flac", "aac", "aiff", "caf", "amr")
MAX_PIXELS: Final = 8192 * 4320  # of a picture: a decoder's memory goes with it


def local(file: str) -> list[str]:
    """The input of a command, whatever the letters of its name. Options before it still apply."""
    return [
        *("-protocol_whitelist", "file"),
        *("-format_whitelist", ",".join((*FORMATS, *SOUND_FORMATS))),
        *("-max_pixels", str(MAX_PIXELS)),  # a picture may also grow in the middle of a film
        *("-i", f"file:{file}"),
    ]
