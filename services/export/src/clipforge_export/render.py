"""The ffmpeg commands of an export. Pure functions, so that tests can read them."""

from dataclasses import dataclass
from typing import Final

from clipforge_export.expression import follow
from clipforge_export.frame import Framing
from clipforge_export.reframing import Key
from clipforge_media.probe import FORMATS

TARGET_LUFS: Final = -14.0  # what the platforms play at
CEILING: Final = 0.84  # -1.5 dB: lossy coding overshoots
MAX_GAIN: Final = 20.0  # dB: a quieter source is noise
SILENT_LUFS: Final = -60.0
FRAME_RATE: Final = 30

# Measured with VMAF against time. Platforms encode again, so a high rate beats a slow preset; draft
# takes two thirds of the time.
ENCODERS: Final = {
    "standard": ("-preset", "superfast", "-crf", "21"),
    "draft": ("-preset", "ultrafast", "-crf", "23"),
}
# Networks and formats that a source may use: nothing that names other files.
INPUT: Final = (
    *("-protocol_whitelist", "file,http,https,tcp,tls,crypto"),
    *("-format_whitelist", ",".join(FORMATS)),
)
NETWORK: Final = (
    *("-rw_timeout", "15000000", "-reconnect", "1", "-reconnect_on_network_error", "1"),
    *("-reconnect_delay_max", "5"),
)
TONEMAP: Final = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p,"
)


@dataclass(frozen=True)
class Cut:
    """What is rendered: a span of a source in a frame."""

    source: str
    start_ms: int
    end_ms: int
    framing: Framing
    layout: str
    path: tuple[Key, ...]
    quality: str
    gain_db: float
    captions: bool
    hdr: bool = False
    sound: bool = True

    @property
    def seconds(self) -> float:
        return (self.end_ms - self.start_ms) / 1000


def measure(source: str, start_ms: int, end_ms: int) -> list[str]:
    """The pass that measures loudness: sound only, in a hundredth of the time."""
    return [
        *("-v", "info", "-nostats", *_input(source, start_ms, end_ms)),
        # verbose: below what is shown. ffmpeg 5, which Debian has, knows no `quiet` here.
        *("-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"),
    ]


def gain(loudness: float) -> float:
    """Decibels that bring a loudness to the target."""
    if loudness <= SILENT_LUFS:
        return 0.0
    return round(max(-MAX_GAIN, min(TARGET_LUFS - loudness, MAX_GAIN)), 2)


def arguments(cut: Cut, to: str) -> list[str]:
    """One pass: seek, reframe, burn captions, level the sound, encode. The working directory holds
    `captions.ass` and `fonts/`, so that no path needs escaping.
    """
    picture = _picture(cut)
    burn = ",ass=captions.ass:fontsdir=fonts" if cut.captions else ""
    # Sound that begins late, or has holes, keeps its distance to the picture.
    sound = (
        "[0:a:0]aresample=async=1:first_pts=0,"
        f"volume={cut.gain_db:g}dB,alimiter=limit={CEILING}:level=0,"
        "aformat=sample_rates=48000:channel_layouts=stereo[a]"
        if cut.sound
        else f"anullsrc=r=48000:cl=stereo,atrim=duration={cut.seconds:.3f}[a]"
    )
    return [
        *("-v", "error", *_input(cut.source, cut.start_ms, cut.end_ms)),
        *("-filter_complex", f"{picture}{burn},format=yuv420p[v];{sound}"),
        *("-map", "[v]", "-map", "[a]", "-c:v", "libx264", *ENCODERS[cut.quality]),
        *("-profile:v", "high", "-g", str(2 * FRAME_RATE), "-maxrate", "12M", "-bufsize", "24M"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
        *("-c:a", "aac", "-b:a", "160k", "-movflags", "+faststart", "-map_metadata", "-1"),
        *("-t", f"{cut.seconds:.3f}", to),
    ]


def lighter(arguments: list[str], strain: int) -> list[str]:
    """The same render with less memory, for a machine that could not bear it so often.

    One thread for the decoder and the encoder: each holds pictures of its own. Then also the
    preset that looks ahead least.
    """
    if not strain:
        return arguments
    *encode, to = arguments
    preset = ("-preset", "ultrafast") if strain > 1 else ()
    one = ("-threads", "1")
    return ["-filter_threads", "1", *one, *encode, *one, *preset, to]


def thumbnail(clip: str, at: float, to: str) -> list[str]:
    """One picture of the rendered clip."""
    return [
        *("-v", "error", "-ss", f"{at:.3f}", "-i", clip, "-frames:v", "1"),
        *("-q:v", "3", "-update", "1", to),
    ]


def _input(source: str, start_ms: int, end_ms: int) -> tuple[str, ...]:
    # Seeking before the input costs one group of pictures; after it, everything before the clip.
    network = NETWORK if source.startswith(("http:", "https:")) else ()
    return (
        *(*INPUT, *network, "-ss", f"{start_ms / 1000:.3f}"),
        *("-t", f"{(end_ms - start_ms) / 1000:.3f}", "-i", source),
    )


def _picture(cut: Cut) -> str:
    output = cut.framing.output
    scale = f"scale={output.width}:{output.height}:flags=bicubic,setsar=1"
    # From 0, not from the first picture: with one picture in seconds, as screens are recorded, the
    # first one after the seek comes late, and all would run ahead of the sound.
    first = f"[0:v:0]fps={FRAME_RATE}:start_time=0,{TONEMAP if cut.hdr else ''}"
    match cut.layout:
        case "full":
            return f"{first}{scale}"
        case "track":
            crop = cut.framing.crop
            edge = follow(cut.path)
            return f"{first}crop={crop.width}:{crop.height}:x='{edge}':y=0,{scale}"
        case _:
            # The blur is made at a tenth of the size and enlarged: a fifth of the cost.
            small_w, small_h = max(output.width // 10, 2), max(output.height // 10, 2)
            back = (
                f"scale={small_w}:{small_h}:force_original_aspect_ratio=increase,"
                f"crop={small_w}:{small_h},gblur=sigma=3,eq=brightness=-0.08,{scale}"
            )
            front = (
                f"scale={output.width}:{output.height}:force_original_aspect_ratio=decrease:"
                "force_divisible_by=2,setsar=1"
            )
            return (
                f"{first}split[back][front];[back]{back}[blurred];[front]{front}[sharp];"
                "[blurred][sharp]overlay=(W-w)/2:(H-h)/2"
            )
