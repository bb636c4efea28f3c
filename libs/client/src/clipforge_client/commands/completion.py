"""What a shell offers at the Tab key beside commands and options: names of profiles, ids."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from threading import Thread
from typing import Any, Final

import typer

from clipforge_client import address, profiles
from clipforge_client.client import Client
from clipforge_client.errors import ClientError
from clipforge_client.models import ApiKey, BrandAsset, Look, Tenant

PATIENCE: Final = 2.0  # seconds that somebody who pressed Tab waits for a gateway
OFFERED: Final = 50
Named = ApiKey | BrandAsset | Look | Tenant
Find = Callable[[Client], Iterable[tuple[str, str]]]
Complete = Callable[[typer.Context, str], list[tuple[str, str]]]


def profile_names(incomplete: str) -> list[str]:
    """Profiles, and the stack of this machine."""
    try:
        names = [*profiles.read().by_name, profiles.LOCAL]
    except ClientError:  # the command will say it: a shell that completes shows no errors
        return []
    return [name for name in names if name.startswith(incomplete)]


def _offering(find: Find) -> Complete:
    """What completes an id: the newest of those that are found, each with what tells it apart."""

    def offer(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        profile = str(context.find_root().params.get("profile") or "")
        return _in_time(lambda: list(_found(find, profile, incomplete)))

    return offer


project_ids = _offering(lambda client: ((one.id, one.title) for one in client.projects()))
export_ids = _offering(
    lambda client: ((one.id, f"{one.aspect} {one.style} {one.state}") for one in client.exports())
)
asset_ids = _offering(lambda client: ((one.id, one.sha256[:12]) for one in client.assets()))
kit_ids = _offering(lambda client: _named(client.brand_kits()))
brand_file_ids = _offering(lambda client: _named(client.brand_assets()))
style_ids = _offering(lambda client: _named(client.caption_styles()))
preset_ids = _offering(lambda client: _named(client.presets()))
webhook_ids = _offering(lambda client: ((one.id, one.url) for one in client.webhooks()))
key_ids = _offering(lambda client: _named(client.keys()))
tenant_ids = _offering(lambda client: _named(client.tenants()))
dead_letter_ids = _offering(lambda client: ((one.id, one.queue) for one in client.dead_letters()))


def _named(things: Iterable[Named]) -> Iterator[tuple[str, str]]:
    return ((one.id, one.name) for one in things)


def _found(find: Find, profile: str, incomplete: str) -> Iterator[tuple[str, str]]:
    with address.profile(profile), Client() as client:
        found = islice(find(client), OFFERED)
        yield from (one for one in found if one[0].startswith(incomplete))


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
