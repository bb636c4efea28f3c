"""The ClipForge that runs on this machine for this user, as it has told where it is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipforge_client import own_files
from clipforge_client.profiles import Profile
from clipforge_client.terminal import note


@contextmanager
def announced(url: str, api_key: str) -> Iterator[None]:
    """Let the commands of this user find it while the body runs."""
    told = json.dumps({"url": url, "api_key": api_key})
    try:
        own_files.replace(_file(), told)
    except OSError as error:
        note(f"Other terminals will not find it by themselves: {error}")
    try:
        yield
    finally:
        if _read() == told:  # not that of another stack, which was started later
            _file().unlink(missing_ok=True)


def find() -> Profile | None:
    """Where it is; it may have been killed since it said so."""
    try:
        return Profile.model_validate_json(_read())
    except ValueError:  # none runs, or half of a file: then it is not known
        return None


def _file() -> Path:
    return own_files.state() / "stack.json"


def _read() -> str:
    try:
        return _file().read_text()
    except OSError:
        return ""
