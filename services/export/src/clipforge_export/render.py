"""The ffmpeg commands of an export. Pure functions, so that tests can read them."""

from collections.abc import Sequence
from typing import Final

from clipforge_export.graph import FRAME_RATE, Cut, Output, build
from clipforge_media.probe import FORMATS

TARGET_LUFS: Final = -14.0  # what the platforms play at
MAX_GAIN: Final = 20.0  # dB: a quieter source is noise
SILENT_LUFS: Final = -60.0

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
# Of a brand: files that we have stored ourselves, in the working directory.
LOCAL: Final = (
    *("-protocol_whitelist", "file"),
    *("-format_whitelist", ",".join((*FORMATS, "png_pipe"))),
)


def measure(source: str, start_ms: int, end_ms: int) -> list[str]:
    """The pass that measures loudness: sound only, in a hundredth of the time."""
    return [
        *("-v", "info", "-nostats", *_input(source, start_ms, end_ms)),
        # verbose: below what is shown. ffmpeg 5, which Debian has, knows no `quiet` here.
        *("-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"),
    ]


def gain(loudness: float, target: float = 0.0) -> float:
    """Decibels that bring a loudness to a target in LUFS; 0: the usual one."""
    if loudness <= SILENT_LUFS:
        return 0.0
    return round(max(-MAX_GAIN, min((target or TARGET_LUFS) - loudness, MAX_GAIN)), 2)


def arguments(cut: Cut, outputs: Sequence[Output]) -> list[str]:
    """One pass: seek, reframe, burn captions, join, level the sound, encode. The working directory
    holds the files that the outputs name, and `fonts/`.
    """
    graph = build(cut, outputs)
    files = [argument for one in graph.inputs for argument in (*LOCAL, *one)]
    encoded = [
        argument for n, output in enumerate(outputs) for argument in _encoded(cut, output, n)
    ]
    return [
        *("-v", "error", *_input(cut.source, cut.start_ms, cut.end_ms), *files),
        *("-filter_complex", str(graph), *encoded),
    ]


def seconds_of(cut: Cut, output: Output) -> float:
    """How long an output is, with what is joined to the clip."""
    return cut.seconds + sum(film.seconds for film in output.films)


def _encoded(cut: Cut, output: Output, n: int) -> tuple[str, ...]:
    return (
        *("-map", f"[v{n}]", "-map", f"[a{n}]", "-c:v", "libx264", *ENCODERS[output.quality]),
        *("-profile:v", "high", "-g", str(2 * FRAME_RATE), "-maxrate", "12M", "-bufsize", "24M"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
        *("-c:a", "aac", "-b:a", "160k", "-movflags", "+faststart", "-map_metadata", "-1"),
        *("-t", f"{seconds_of(cut, output):.3f}", output.file),
    )


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
