"""Profiles: ClipForges by name, in a file of this user that nobody else may read."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from clipforge_client import own_files
from clipforge_client.errors import ClientError

NAMES: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"  # keys that TOML writes without quotes
LOCAL: Final = "local"  # the stack of this machine, which needs no entry
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
TOP: Final = "# Of `clipforge login` and `clipforge profiles`. Keep it to yourself: chmod 600.\n"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[ -~]+$")]


class Profile(BaseModel):
    """Where a ClipForge is, and what opens it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Text
    api_key: Text = Field(repr=False)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    default: str = ""
    profiles: dict[Annotated[str, StringConstraints(pattern=f"^{NAMES}$")], Profile] = {}


@dataclass(frozen=True)
class Profiles:
    """All of a user's profiles; `default` is the one in use where none is named, or empty."""

    default: str = ""
    by_name: Mapping[str, Profile] = field(default_factory=dict)

    def find(self, name: str) -> Profile:
        """Raises ClientError, which names those there are."""
        if name in self.by_name:
            return self.by_name[name]
        there = ", ".join(self.by_name) or "none"
        raise ClientError(
            f"There is no profile {name} in {path()}; there are: {there}. "
            f"Make it: clipforge login ADDRESS --profile {name}"
        )


def path() -> Path:
    """The file, in this user's folder of settings."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "clipforge" / "config.toml"


def read() -> Profiles:
    """The profiles there are. Raises ClientError of a file that others may read, or is none."""
    try:
        with path().open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & OTHERS:
                raise ClientError(
                    f"Others may read {path()}, which holds API keys: chmod 600 {path()}, and make "
                    "new keys if others are on this machine."
                )
            found = _File.model_validate(tomllib.load(file))
    except FileNotFoundError:
        return Profiles()
    except ValidationError as error:  # without its values: they are keys
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise ClientError(f"{path()} is wrong at {where}: {error.errors()[0]['msg']}.") from None
    except ValueError as error:  # no TOML, or no text
        raise ClientError(f"{path()} is not TOML: {error}") from None
    return Profiles(found.default, found.profiles)


def write(profiles: Profiles) -> None:
    """Replace the file, whole or not at all; readable by its owner alone."""
    own_files.replace(path(), _toml(profiles))


def is_name(name: str) -> bool:
    return re.fullmatch(NAMES, name) is not None


def _toml(profiles: Profiles) -> str:
    # A string of printable ASCII is written alike in JSON and in TOML.
    default = [f"default = {json.dumps(profiles.default)}\n"] if profiles.default else []
    tables = (
        f"\n[profiles.{name}]\nurl = {json.dumps(one.url)}\napi_key = {json.dumps(one.api_key)}\n"
        for name, one in profiles.by_name.items()
    )
    return "".join((TOP, *default, *tables))
