"""Films that users have uploaded: already in our store, under their tenant's prefix."""

from pathlib import Path

from clipforge_import.limits import Limits
from clipforge_import.sources.http import OnBytes
from clipforge_runtime.errors import Permanent
from clipforge_runtime.storage import NotFound, ObjectStore


async def fetch(
    key: str, to: Path, *, tenant: str, store: ObjectStore, limits: Limits, on_bytes: OnBytes
) -> None:
    """Stream an upload into a file. Permanent where it is gone, another tenant's, or too large."""
    if not key.startswith(f"uploads/{tenant}/"):
        raise Permanent("This upload is not yours.", reason="forbidden-upload")
    found = await store.stat(key)
    if found is None:
        raise _gone()
    limits.check_bytes(found.bytes)
    on_bytes(0, found.bytes)
    try:
        await store.download(key, to, moved=lambda have: on_bytes(have, found.bytes))
    except NotFound as error:
        raise _gone() from error


def _gone() -> Permanent:
    return Permanent("The uploaded file is gone. Upload it again.", reason="upload-gone")
