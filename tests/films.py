"""Films of every odd kind, made by ffmpeg when a test first asks, once a run."""

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from clipforge_media import ffmpeg

SECONDS = 3
PICTURE = ("-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration={SECONDS}")
TONE = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}")
SILENCE = ("-f", "lavfi", "-i", f"anullsrc=r=48000:cl=stereo:d={SECONDS}")
MUSIC = (
    "-f",
    "lavfi",
    "-i",
    f"aevalsrc='0.3*sin(880*t)+0.3*sin(1320*t)+0.2*sin(99*t)':d={SECONDS}",
)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p")
MP4 = (*X264, "-c:a", "aac", "-shortest")
# Red on the left, blue on the right: what is on top says how it was turned.
HALVES = (
    *("-f", "lavfi", "-i", f"color=red:size=160x180:rate=25:duration={SECONDS}"),
    *("-f", "lavfi", "-i", f"color=blue:size=160x180:rate=25:duration={SECONDS}"),
    *TONE,
    *("-filter_complex", "[0][1]hstack[v]", "-map", "[v]", "-map", "2:a", *MP4),
)
LATE = "setpts='PTS+if(gt(N,30),(N-30)*0.02/TB,0)'"  # from the 30th frame on, ever later
HLG = "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{}\n#EXT-X-ENDLIST\n"

# File name: ffmpeg's arguments before it.
COMMANDS: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*PICTURE, *TONE, *MP4),
    "silent.mp4": (*PICTURE, *SILENCE, *MP4),
    "music.mp4": (*PICTURE, *MUSIC, *MP4),
    "no-sound.mp4": (*PICTURE, *X264),
    "portrait.mp4": (*PICTURE, *TONE, "-vf", "scale=180:320", *MP4),
    "halves.mp4": HALVES,
    "variable.mp4": (*PICTURE, *TONE, "-vf", LATE, "-fps_mode", "vfr", *MP4),
    "long.mp4": (
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=20"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=20"),
        *(*MP4, "-movflags", "+faststart"),
    ),
    "long.mkv": (
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=20"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=20", *MP4),
    ),
    "short-sound.mp4": (
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=20"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=5", *X264, "-c:a", "aac"),
    ),
    "hours.mkv": (  # a picture a minute, for two hours and a bit
        *("-f", "lavfi", "-i", "color=black:size=64x64:rate=1/60:duration=7320"),
        *("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=7320", *X264, "-c:a", "flac"),
    ),
    "covered.mp4": (  # with a cover, as shops sell them
        *PICTURE,
        *TONE,
        *("-f", "lavfi", "-i", "color=green:size=64x64:rate=1:duration=1"),
        *("-map", "2:v", "-map", "0:v", "-map", "1:a", "-c:v:0", "mjpeg", "-c:v:1", "libx264"),
        *("-disposition:v:0", "attached_pic", "-preset", "ultrafast", "-c:a", "aac"),
    ),
    "two-tracks.mp4": (
        *PICTURE,
        *TONE,
        *("-f", "lavfi", "-i", f"sine=frequency=3000:duration={SECONDS}"),
        *("-map", "0:v", "-map", "1:a", "-map", "2:a", *MP4),
    ),
    "huge.mp4": (
        *("-f", "lavfi", "-i", "color=black:size=9000x5000:rate=1:duration=1"),
        *("-c:v", "mjpeg", "-q:v", "31", "-pix_fmt", "yuvj420p"),
    ),
    "hdr.mp4": (
        *(*PICTURE, *TONE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", HLG),
        *("-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67", "-c:a", "aac"),
    ),
    "film.mkv": (*PICTURE, *TONE, *MP4),
    "film.mov": (*PICTURE, *TONE, *X264, "-c:a", "pcm_s16le"),
    "film.avi": (*PICTURE, *TONE, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "film.ts": (*PICTURE, *TONE, *MP4),
    "film.webm": (*PICTURE, *TONE, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    # As browsers record: without length or index.
    "live.webm": (
        *(*PICTURE, *TONE, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
        *("-live", "1"),
    ),
    "short-picture.mp4": (
        *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=0.4"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=20", *X264, "-c:a", "aac"),
    ),
    "podcast.mp3": (*TONE, "-c:a", "libmp3lame"),
    "podcast.m4a": (*TONE, "-c:a", "aac"),
    "photo.jpg": (*PICTURE, "-frames:v", "1"),
    "photo.png": (*PICTURE, "-frames:v", "1"),
    "photo.gif": (*PICTURE, "-frames:v", "5"),
}


class Films:
    """A folder of films, made as they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Callable[[], bytes]] = {
            "empty.mp4": lambda: b"",
            "text.mp4": lambda: b"Dear diary, this is no film.\n" * 100,
            "playlist.mp4": lambda: PLAYLIST.format(self("film.ts")).encode(),
            "concat.mp4": lambda: f"ffconcat version 1.0\nfile '{self('film.ts')}'\n".encode(),
            "cut-off.mp4": lambda: _share(self("long.mp4"), 0.6),
            "cut-off.mkv": lambda: _share(self("long.mkv"), 0.6),
            "no-index.mp4": lambda: _share(self("plain.mp4"), 0.6),
            "begins-anywhere.ts": lambda: self("film.ts").read_bytes()[30_001:],
            "damaged.mp4": lambda: _scrambled(self("long.mp4").read_bytes()),
            "unknown-picture.mp4": lambda: self("plain.mp4").read_bytes().replace(b"avc1", b"zzz1"),
            "unknown-sound.mp4": lambda: (
                self("plain.mp4").read_bytes().replace(b"mp4a", b"zzz2").replace(b"esds", b"zzz3")
            ),
        }

    def __call__(self, name: str) -> Path:
        """The film of this name."""
        file = self._folder / name
        if file.exists():
            return file
        if name in self._made:
            file.write_bytes(self._made[name]())
        elif name.startswith("turned-"):  # turned-90.mp4: clockwise, as phones note it
            degrees = name.removeprefix("turned-").removesuffix(".mp4")
            source = str(self("halves.mp4"))
            # ffmpeg's own option counts the other way round.
            _ffmpeg("-display_rotation", f"-{degrees}", "-i", source, "-c", "copy", str(file))
        else:
            command = COMMANDS[name]
            if "libx265" in command and "libx265" not in _encoders():
                pytest.skip("this ffmpeg has no HEVC encoder")
            _ffmpeg(*command, str(file))
        return file


def _ffmpeg(*arguments: str) -> None:
    command = [str(ffmpeg.find()), "-v", "error", "-nostdin", "-y", "-threads", "2", *arguments]
    subprocess.run(command, check=True)


@cache
def _encoders() -> str:
    command = [str(ffmpeg.find()), "-hide_banner", "-encoders"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _share(film: Path, share: float) -> bytes:
    body = film.read_bytes()
    return body[: int(len(body) * share)]


def _scrambled(body: bytes) -> bytes:
    """A whole file whose pictures and sounds are noise."""
    start = body.index(b"mdat") + 4
    return body[:start] + bytes((byte * 37 + 11) % 256 for byte in body[start:])
