"""What a shell offers at the Tab key beside commands and options: names of profiles, ids."""

from collections.abc import Callable
from itertools import islice
from threading import Thread
from typing import Any, Final

import typer

from clipforge_client import address, profiles
from clipforge_client.client import Client
from clipforge_client.errors import ClientError

PATIENCE: Final = 2.0  # seconds that somebody who pressed Tab waits for a gateway
OFFERED: Final = 50


def profile_names(incomplete: str) -> list[str]:
    """Profiles, and the stack of this machine."""
    try:
        names = [*profiles.read().by_name, profiles.LOCAL]
    except ClientError:  # the command will say it: a shell that completes shows no errors
        return []
    return [name for name in names if name.startswith(incomplete)]


def project_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The newest projects, with their titles."""
    profile = str(context.find_root().params.get("profile") or "")
    return _in_time(lambda: list(_projects(profile, incomplete)))


def _projects(profile: str, incomplete: str) -> list[tuple[str, str]]:
    with address.profile(profile), Client() as client:
        found = islice(client.projects(limit=OFFERED), OFFERED)
        return [(one.id, one.title) for one in found if one.id.startswith(incomplete)]


def _in_time(look: Callable[[], list[Any]]) -> list[Any]:
    """What is found, or nothing where that takes too long or goes wrong."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.extend(look())
        except ClientError:  # as above
            return

    looking = Thread(target=work, daemon=True)
    looking.start()
    looking.join(PATIENCE)
    return list(found)
