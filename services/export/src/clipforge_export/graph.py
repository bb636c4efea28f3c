"""The filter graph of an export: one decode of the clip, as many outputs as are wanted. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from clipforge_export.expression import follow
from clipforge_export.frame import SAME, Framing, Size
from clipforge_export.placing import Overlay
from clipforge_export.reframing import Key

CEILING: Final = 0.84  # -1.5 dB: lossy coding overshoots
FRAME_RATE: Final = 30
TONEMAP: Final = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p,"
)
STEREO: Final = "aformat=sample_rates=48000:channel_layouts=stereo"


@dataclass(frozen=True)
class Cut:
    """The span of a source that every output shows."""

    source: str
    start_ms: int
    end_ms: int
    gain_db: float
    hdr: bool = False
    sound: bool = True

    @property
    def seconds(self) -> float:
        return (self.end_ms - self.start_ms) / 1000


@dataclass(frozen=True)
class Film:
    """What is joined to a clip before it or behind it. A file in the working directory."""

    file: str
    seconds: float
    size: Size
    gain_db: float
    sound: bool = True
    hdr: bool = False


@dataclass(frozen=True)
class Output:
    """One rendered file. What the graph names lies in the working directory: no path to escape."""

    file: str
    framing: Framing
    layout: str
    path: tuple[Key, ...]
    quality: str
    captions: str = ""  # an ASS file; empty: none
    overlays: tuple[Overlay, ...] = ()
    intro: Film | None = None
    outro: Film | None = None

    @property
    def films(self) -> tuple[Film, ...]:
        return tuple(film for film in (self.intro, self.outro) if film)


@dataclass
class Graph:
    """Further inputs, and the chains between all inputs and the labels `v0`, `a0`, `v1`, ..."""

    inputs: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    chains: list[str] = field(default_factory=list[str])

    def open(self, *arguments: str) -> int:
        """The index of one more input; 0 is the source."""
        self.inputs.append(arguments)
        return len(self.inputs)

    def __str__(self) -> str:
        return ";".join(self.chains)


def build(cut: Cut, outputs: Sequence[Output]) -> Graph:
    """From the source, decoded once, to a picture and a sound for each output."""
    graph = Graph()
    # From 0, not from the first picture: with one picture in seconds, as screens are recorded, the
    # first one after the seek comes late, and all would run ahead of the sound.
    decoded = f"[0:v:0]fps={FRAME_RATE}:start_time=0,{TONEMAP if cut.hdr else ''}"
    if len(outputs) > 1:
        labels = "".join(f"[s{n}]" for n in range(len(outputs)))
        graph.chains.append(f"{decoded}split={len(outputs)}{labels}")
    for n, output in enumerate(outputs):
        first = f"[s{n}]" if len(outputs) > 1 else decoded
        joined = bool(output.films)
        clip = f"m{n}" if joined else f"v{n}"
        _draw(graph, first, output, clip, n, cut.seconds if joined else None)
    _sound(graph, cut, outputs)
    for n, output in enumerate(outputs):
        if output.films:
            _join(graph, output, n)
    return graph


def _draw(graph: Graph, first: str, output: Output, to: str, n: int, seconds: float | None) -> None:
    """The reframed picture with captions and overlays; as long as `seconds`, where it is joined."""
    burn = f",ass={output.captions}:fontsdir=fonts" if output.captions else ""
    picture = f"{first}{_reframed(output, str(n))}{burn}"
    for m, overlay in enumerate(output.overlays):
        index = graph.open("-f", "png_pipe", "-i", overlay.file)
        graph.chains.append(f"{picture}[p{n}_{m}]")
        graph.chains.append(f"[{index}:v:0]{_shown(overlay)}[o{n}_{m}]")
        picture = f"[p{n}_{m}][o{n}_{m}]overlay={overlay.x}:{overlay.y}"
    graph.chains.append(f"{picture},format=yuv420p{_exactly(seconds)}[{to}]")


def _sound(graph: Graph, cut: Cut, outputs: Sequence[Output]) -> None:
    labels = [f"n{n}" if output.films else f"a{n}" for n, output in enumerate(outputs)]
    exactly = any(output.films for output in outputs)
    sound = (
        f"[0:a:0]{_levelled(cut.gain_db)}"
        if cut.sound
        else f"anullsrc=r=48000:cl=stereo,atrim=duration={cut.seconds:.3f}"
    )
    if exactly:
        sound += f",apad,atrim=duration={cut.seconds:.3f}"
    if len(outputs) > 1:
        sound += f",asplit={len(outputs)}"
    graph.chains.append(sound + "".join(f"[{label}]" for label in labels))


def _join(graph: Graph, output: Output, n: int) -> None:
    """Intro, clip and outro, alike in size, rate and sound, one after another."""
    pieces: list[str] = []
    for name, film in (("i", output.intro), ("", None), ("e", output.outro)):
        if not name:
            pieces.append(f"[m{n}][n{n}]")
        elif film is not None:
            graph.chains.extend(_film(graph, film, output.framing.output, f"{name}{n}"))
            pieces.append(f"[{name}{n}v][{name}{n}a]")
    joined = f"concat=n={len(pieces)}:v=1:a=1[v{n}][a{n}]"
    graph.chains.append("".join(pieces) + joined)


def _film(graph: Graph, film: Film, size: Size, label: str) -> Iterator[str]:
    index = graph.open("-t", f"{film.seconds:.3f}", "-i", film.file)
    first = f"[{index}:v:0]fps={FRAME_RATE}:start_time=0,{TONEMAP if film.hdr else ''}"
    alike = abs(film.size.ratio / size.ratio - 1) < SAME
    picture = _scaled(size) if alike else _fitted(size, label)
    yield f"{first}{picture},format=yuv420p{_exactly(film.seconds)}[{label}v]"
    exactly = f"atrim=duration={film.seconds:.3f}[{label}a]"
    if film.sound:
        yield f"[{index}:a:0]{_levelled(film.gain_db)},apad,{exactly}"
    else:
        yield f"anullsrc=r=48000:cl=stereo,{exactly}"


def _levelled(gain_db: float) -> str:
    # Sound that begins late, or has holes, keeps its distance to the picture.
    return (
        "aresample=async=1:first_pts=0,"
        f"volume={gain_db:g}dB,alimiter=limit={CEILING}:level=0,{STEREO}"
    )


def _exactly(seconds: float | None) -> str:
    """So long, whatever the source has: what is joined behind must not come early or late."""
    if seconds is None:
        return ""
    return f",tpad=stop=-1:stop_mode=clone,trim=duration={seconds:.3f},setpts=PTS-STARTPTS"


def _shown(overlay: Overlay) -> str:
    # Multiplied by its alpha while it is scaled, or dark fringes appear. The matrix is said, or its
    # colours are those of standard definition, and not the brand's.
    return (
        "format=gbrap,premultiply=inplace=1,"
        f"scale={overlay.width}:{overlay.height}:flags=lanczos,unpremultiply=inplace=1,"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuva420p,"
        f"colorchannelmixer=aa={overlay.opacity:g}"
    )


def _reframed(output: Output, label: str) -> str:
    size = output.framing.output
    match output.layout:
        case "full":
            return _scaled(size)
        case "track":
            crop = output.framing.crop
            edge = follow(output.path)
            return f"crop={crop.width}:{crop.height}:x='{edge}':y=0,{_scaled(size)}"
        case _:
            return _fitted(size, label)


def _scaled(size: Size) -> str:
    return f"scale={size.width}:{size.height}:flags=bicubic,setsar=1"


def _fitted(size: Size, label: str) -> str:
    """The whole picture over a blur of itself."""
    # The blur is made at a tenth of the size and enlarged: a fifth of the cost.
    small_w, small_h = max(size.width // 10, 2), max(size.height // 10, 2)
    back = (
        f"scale={small_w}:{small_h}:force_original_aspect_ratio=increase,"
        f"crop={small_w}:{small_h},gblur=sigma=3,eq=brightness=-0.08,{_scaled(size)}"
    )
    front = (
        f"scale={size.width}:{size.height}:force_original_aspect_ratio=decrease:"
        "force_divisible_by=2,setsar=1"
    )
    return (
        f"split[back{label}][front{label}];[back{label}]{back}[blurred{label}];"
        f"[front{label}]{front}[sharp{label}];"
        f"[blurred{label}][sharp{label}]overlay=(W-w)/2:(H-h)/2"
    )
