"""What a file is: container, tracks, size, rotation and rate. By PyAV; no ffprobe is needed."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.stream import Stream
from av.video.stream import VideoStream

from clipforge_media import boxes, containers
from clipforge_media.inputs import FORMATS, MAX_PIXELS, SOUND_FORMATS

__all__ = ["FORMATS", "NotMedia", "Probed", "probe"]

VIDEO_CODECS: Final = frozenset(
    (
        *("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mjpeg", "prores", "h263"),
        "theora",
    )
)
AUDIO_CODECS: Final = frozenset(
    (
        *("aac", "mp3", "mp2", "opus", "vorbis", "flac", "alac", "ac3", "eac3", "dts", "speex"),
        *("amr_nb", "amr_wb", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt"),
    )
)
HDR_TRANSFERS: Final = {16, 18}  # PQ (SMPTE 2084) and HLG (ARIB STD-B67), ITU-T H.273
VARIABLE: Final = 0.02  # average and base rate further apart than this: a variable frame rate
RATE_WITHOUT_TIMES: Final = 30.0
FIRST_PACKETS: Final = 600  # to find a picture in: 20 s, twice the usual longest keyframe interval
LOST_MS: Final = 2000  # of a film's end that nobody misses


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
    structure = boxes.read(file)
    if containers.is_photo(file):
        raise NotMedia("This file is a photo, not a video. Upload the film.", reason="not-a-video")
    if structure and not structure.indexed:
        raise NotMedia(
            "The file is cut off: its index, which stands at the end, is missing. Upload it again.",
            reason="cut-off",
        )
    missing = structure.missing_share if structure else 0.0
    try:
        with av.open(
            str(file),
            # Formats are checked before anything is opened: a playlist is never followed.
            options={
                "format_whitelist": ",".join((*FORMATS, *SOUND_FORMATS)),
                "protocol_whitelist": "file",
            },
        ) as container:
            probed = _look(container)
    except NotMedia as error:
        raise (_cut_off(missing) if missing else error) from error.__cause__
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        raise _unreadable(missing) from error
    if missing * probed.duration_ms > LOST_MS:
        raise _cut_off(missing)
    return probed


def _unreadable(missing: float) -> NotMedia:
    if missing:
        return _cut_off(missing)
    return NotMedia(
        "This file is not a video that we can read. Use MP4, MOV, MKV or WebM.",
        reason="not-a-video",
    )


def _cut_off(missing: float) -> NotMedia:
    return NotMedia(
        f"The file is cut off: {missing:.0%} of it is missing. Upload it again.", reason="cut-off"
    )


def _look(container: "av.container.InputContainer") -> Probed:
    video = _picture(container)
    sounds = container.streams.audio
    width, height = video.codec_context.width, video.codec_context.height
    if width * height > MAX_PIXELS:  # before a frame of it is decoded
        raise NotMedia(
            f"The picture is too large ({width}x{height}). Use 8K at most.",
            reason="too-many-pixels",
        )
    rotation = _rotation(container, video)
    if rotation in (90, 270):
        width, height = height, width
    rate = float(video.average_rate or RATE_WITHOUT_TIMES)
    base = float(video.base_rate or Fraction(rate).limit_denominator(1001))
    return Probed(
        duration_ms=_duration_ms(container, video),
        container=container.format.name,
        video_codec=_codec(video),
        audio_codec=_sound_codec(sounds[0]) if sounds else "",
        width=width,
        height=height,
        rotation=rotation,
        frame_rate=round(rate, 3),
        variable_frame_rate=abs(rate - base) > VARIABLE * max(rate, base),
        hdr=int(getattr(video.codec_context, "color_trc", 0) or 0) in HDR_TRANSFERS,
    )


def _picture(container: "av.container.InputContainer") -> VideoStream:
    """The film's video track, of a codec that we read."""
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
    codec = _codec(pictures[0])
    if codec not in VIDEO_CODECS:
        raise NotMedia(
            f"The picture is coded as {codec or 'something unknown'}, which we do not read. "
            "Use H.264, HEVC, VP9 or AV1.",
            reason="unsupported-codec",
        )
    return pictures[0]


def _sound_codec(sound: Stream) -> str:
    codec = _codec(sound)
    if codec not in AUDIO_CODECS and not codec.startswith("pcm_"):
        raise NotMedia(
            f"The sound is coded as {codec or 'something unknown'}, which we do not read. "
            "Use AAC, MP3 or Opus.",
            reason="unsupported-codec",
        )
    return codec


def _codec(stream: Stream) -> str:
    """The codec's name; empty where nobody knows it."""
    # Typed as always there, but a track of an unknown codec has none.
    context = getattr(stream, "codec_context", None)
    return str(context.codec.canonical_name) if context else ""


def _rotation(container: "av.container.InputContainer", video: VideoStream) -> int:
    """Degrees clockwise that players turn the picture, from the first frame's display matrix."""
    for n, packet in enumerate(container.demux(video)):
        try:
            for frame in packet.decode():
                return round(-frame.rotation / 90) % 4 * 90
        except av.error.InvalidDataError:
            pass  # a recording may begin in the middle of a group of pictures
        if n >= FIRST_PACKETS:
            break
    raise NotMedia(
        "The film is damaged: not a single picture of it can be decoded. Upload it again, or "
        "convert it to MP4.",
        reason="damaged",
    )


def _duration_ms(container: "av.container.InputContainer", video: VideoStream) -> int:
    if container.duration:
        return round(container.duration / 1000)  # AV_TIME_BASE is microseconds
    if video.duration and video.time_base:
        return round(float(video.duration * video.time_base) * 1000)
    # Browsers record without one. The rest of the packets tells, without decoding.
    ends = (
        (packet.pts + (packet.duration or 0)) * packet.time_base
        for packet in container.demux()
        if packet.pts is not None
    )
    last = max(ends, default=Fraction(0))
    return round(float(last) * 1000 - (container.start_time or 0) / 1000)
