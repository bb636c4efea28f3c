"""What an export costs beside bare decoding and encoding of the same clip: `make bench-export`.

Then what three shapes of a clip cost, asked for together and apart.

CPU seconds are those of ffmpeg and of the process that looks for faces, the least of RUNS; memory
is the peak of each process alone, for ffmpeg the higher of rendering and of making the film, which
is 1080p, with faces where the test data has them.
"""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from clipforge.v1.facts_pb2 import ExportRequested, Output
from clipforge_export.handler import export_clip
from clipforge_media import ffmpeg
from clipforge_runtime.strain import strain
from clipforge_runtime.testing import FolderStore
from data import FOLDER
from exporting import make, request, spoken, stored

SECONDS: Final = int(sys.argv[1]) if len(sys.argv) > 1 else 30
RUNS: Final = 2
SHAPES: Final = ("9:16", "1:1", "16:9")
FACES: Final = FOLDER / "video" / "talk90_360p.mp4"
X264: Final = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
ENCODER: Final = ("-preset", "superfast", "-crf", "21", "-maxrate", "12M", "-bufsize", "24M")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = _film(folder / "film.mp4")
        clip, cpu, wall = _least([_export(folder / f"run{n}", film) for n in range(RUNS)])
        rss = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        decode = min(_bare("-i", str(film), "-t", str(SECONDS), "-f", "null", "-") for _ in "12")
        # Pictures as an encoder gets them: the rendered ones, without any compression.
        raw = make(folder / "raw.y4m", "-i", str(clip), "-pix_fmt", "yuv420p")
        encode = min(
            _bare("-i", str(raw), *X264, *ENCODER, str(folder / "bare.mp4")) for _ in range(RUNS)
        )
        runs = [_shapes(folder / f"shapes{n}", film) for n in range(RUNS)]
        together, apart = (min(costs) for costs in zip(*runs, strict=True))
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    bare = decode + encode
    print(f"{SECONDS} s of 1080p to 1080x1920, captions pop, least of {RUNS} runs")
    print(
        f"bench-export: clip_s={SECONDS} cpu_s={cpu:.1f} wall_s={wall:.1f} "
        f"decode_cpu_s={decode:.1f} encode_cpu_s={encode:.1f} ratio={cpu / bare:.2f} "
        f"ffmpeg_rss_mb={rss:.0f} worker_rss_mb={own:.0f} together_cpu_s={together:.1f} "
        f"apart_cpu_s={apart:.1f} together_ratio={together / apart:.2f} "
        f"together_rss_mb={most:.0f}"
    )


def _film(to: Path) -> Path:
    test = f"testsrc2=size=1920x1080:rate=30:duration={SECONDS}"
    made = ("-f", "lavfi", "-i", test, "-f", "lavfi", "-i", f"sine=duration={SECONDS}")
    picture = ("-i", str(FACES), "-vf", "scale=1920:1080") if FACES.exists() else made
    coded = (*X264, "-preset", "veryfast", "-c:a", "aac")
    return make(to, *picture, "-t", str(SECONDS), *coded)


def _shapes(folder: Path, film: Path) -> tuple[float, float]:
    """CPU seconds of three shapes asked for together, and of the same three one by one."""
    costs = []
    for name, company in (("together", True), ("apart", False)):
        wishes = [_wish(film, aspect) for aspect in SHAPES]
        if company:
            first, *others = wishes
            first.together.extend(
                Output(export_id=f"exp_{n}", render=other.render) for n, other in enumerate(others)
            )
            wishes = [first]
        costs.append(sum(_made(folder / name / str(n), film, w)[1] for n, w in enumerate(wishes)))
    together, apart = costs
    return together, apart


def _export(folder: Path, film: Path) -> tuple[Path, float, float]:
    """The clip, CPU seconds and seconds of one whole export."""
    return _made(folder, film, _wish(film, "9:16"))


def _wish(film: Path, aspect: str) -> ExportRequested:
    wish = request(film, 0, SECONDS * 1000, aspect=aspect)
    wish.render.height, wish.render.quality = 1080, "standard"
    return wish


def _made(folder: Path, film: Path, wish: ExportRequested) -> tuple[Path, float, float]:
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    store = FolderStore(folder / "store")
    asyncio.run(stored(store, film, spoken("so this is what we say " * (SECONDS // 2))))
    before, began = _cpu(), time.monotonic()
    *_, made = asyncio.run(
        export_clip(
            wish, store=store, progress=lambda _percent, _step: None, scratch=scratch, strain=strain
        )
    )
    clip = folder / "store" / made.record.objects.clip_key
    return clip, _cpu() - before, time.monotonic() - began


def _least(runs: list[tuple[Path, float, float]]) -> tuple[Path, float, float]:
    return min(runs, key=lambda run: run[1])


def _bare(*arguments: str) -> float:
    before = _cpu()
    command = [str(ffmpeg.find()), "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True)
    return _cpu() - before


def _cpu() -> float:
    """Of this process and of those that it has waited for."""
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in each)


if __name__ == "__main__":
    main()
