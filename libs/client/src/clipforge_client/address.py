"""Which ClipForge is meant: an argument, a flag, the environment, a profile, or this machine's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from clipforge_client import local_stack, profiles
from clipforge_client.errors import Unreachable

_flag: Final[ContextVar[str]] = ContextVar("profile", default="")


@contextmanager
def profile(name: str) -> Iterator[None]:
    """The body means this profile, whatever the environment says."""
    token = _flag.set(name)
    try:
        yield
    finally:
        _flag.reset(token)


def find(base_url: str = "", api_key: str = "") -> tuple[str, str]:
    """Address and key. Raises Unreachable where nothing says them, ClientError of a profile."""
    found = named(base_url, api_key)
    if found is not None:
        return found
    here = local_stack.find()
    if here is None:
        raise Unreachable(
            "Nothing says where ClipForge is: CLIPFORGE_URL is not set, there is no profile in "
            "use, and `clipforge up` does not run on this machine."
        )
    return here.url, api_key or here.api_key


def named(base_url: str = "", api_key: str = "") -> tuple[str, str] | None:
    """The same, of what was named; None means the stack of this machine.

    A key of a profile is never sent to an address from elsewhere.
    """
    own_key = api_key or os.environ.get("CLIPFORGE_API_KEY", "")
    if base_url:
        return base_url, own_key
    if flag := _flag.get():
        return _of_profile(flag, api_key)
    if url := os.environ.get("CLIPFORGE_URL", ""):
        return url, own_key
    name = os.environ.get("CLIPFORGE_PROFILE", "") or profiles.read().default
    return _of_profile(name, own_key) if name else None


def _of_profile(name: str, api_key: str) -> tuple[str, str] | None:
    if name == profiles.LOCAL:
        return None
    found = profiles.read().find(name)
    return found.url, api_key or found.api_key
