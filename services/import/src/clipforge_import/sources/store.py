"""Films that already lie in our store."""

from pathlib import Path

from clipforge_import.limits import Limits
from clipforge_import.sources.http import OnBytes
from clipforge_runtime.errors import Permanent
from clipforge_runtime.storage import NotFound, ObjectStore


async def fetch(
    key: str, to: Path, *, store: ObjectStore, limits: Limits, on_bytes: OnBytes, gone: Permanent
) -> None:
    """Stream an object into a file. Permanent where it is too large; `gone` where it is gone."""
    found = await store.stat(key)
    if found is None:
        raise gone
    limits.check_bytes(found.bytes)
    on_bytes(0, found.bytes)
    try:
        await store.download(key, to, moved=lambda have: on_bytes(have, found.bytes))
    except NotFound as error:
        raise gone from error
