"""What a file is: container, tracks, size, rotation and rate. By PyAV; no ffprobe is needed."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.video.stream import VideoStream

# Containers that carry a film by themselves. Playlists (hls, dash, concat) would let a file name
# other files and addresses, and are not among them.
FORMATS: Final = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "flv"),
)
VIDEO_CODECS: Final = frozenset(
    {
        "h264",
        "hevc",
        "vp8",
        "vp9",
        "av1",
        "mpeg4",
        "mpeg2video",
        "mjpeg",
        "prores",
        "h263",
        "theora",
    }
)
HDR_TRANSFERS: Final = {16, 18}  # PQ (SMPTE 2084) and HLG (ARIB STD-B67), ITU-T H.273
VARIABLE: Final = 0.02  # average and base rate further apart than this: a variable frame rate
RATE_WITHOUT_TIMES: Final = 30.0


class NotMedia(Exception):
    """The file is not a film that we read; the text is a sentence for the user."""

    def __init__(self, sentence: str, *, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True)
class Probed:
    """What probing says of a film. Width and height are as shown, after rotation."""

    duration_ms: int
    container: str
    video_codec: str
    audio_codec: str
    width: int
    height: int
    rotation: int
    frame_rate: float
    variable_frame_rate: bool
    hdr: bool


def probe(file: Path) -> Probed:
    """Look at a local file. Blocks, shortly. NotMedia where it is no film that we read."""
    try:
        with av.open(
            str(file),
            # Formats are checked before anything is opened: a playlist is never followed.
            options={"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"},
        ) as container:
            return _look(container)
    except NotMedia:
        raise
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        raise NotMedia(
            "This file is not a video that we can read. Use MP4, MOV, MKV or WebM.",
            reason="not-a-video",
        ) from error


def _look(container: "av.container.InputContainer") -> Probed:
    pictures = [
        stream
        for stream in container.streams.video
        # The cover of a podcast is a video stream of one picture.
        if not int(getattr(stream, "disposition", 0)) & int(av.stream.Disposition.attached_pic)
    ]
    if not pictures:
        raise NotMedia(
            "This file has no picture, only sound. Upload the video itself.", reason="no-picture"
        )
    video = pictures[0]
    sounds = container.streams.audio
    codec = video.codec_context.codec.canonical_name
    if codec not in VIDEO_CODECS:
        raise NotMedia(
            f"The picture is coded as {codec}, which we do not read. Use H.264, HEVC, VP9 or AV1.",
            reason="unsupported-codec",
        )
    rotation = _rotation(container, video)
    width, height = video.codec_context.width, video.codec_context.height
    if rotation in (90, 270):
        width, height = height, width
    rate = float(video.average_rate or RATE_WITHOUT_TIMES)
    base = float(video.base_rate or Fraction(rate).limit_denominator(1001))
    return Probed(
        duration_ms=_duration_ms(container, video),
        container=container.format.name,
        video_codec=codec,
        audio_codec=sounds[0].codec_context.codec.canonical_name if sounds else "",
        width=width,
        height=height,
        rotation=rotation,
        frame_rate=round(rate, 3),
        variable_frame_rate=abs(rate - base) > VARIABLE * max(rate, base),
        hdr=int(getattr(video.codec_context, "color_trc", 0) or 0) in HDR_TRANSFERS,
    )


def _duration_ms(container: "av.container.InputContainer", video: VideoStream) -> int:
    if container.duration:
        return round(container.duration / 1000)  # AV_TIME_BASE is microseconds
    if video.duration and video.time_base:
        return round(float(video.duration * video.time_base) * 1000)
    raise NotMedia(
        "The length of this video is unknown: it was cut off while it was written.",
        reason="cut-off",
    )


def _rotation(container: "av.container.InputContainer", video: VideoStream) -> int:
    """Degrees clockwise that players turn the picture, from the first frame's display matrix."""
    for frame in container.decode(video):
        return int(-frame.rotation) % 360
    raise NotMedia("This video has not a single picture.", reason="cut-off")
