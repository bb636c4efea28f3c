"""Films that users have uploaded: already in our store, under their tenant's prefix."""

from pathlib import Path

from clipforge_import.limits import Limits
from clipforge_import.sources import store as stored
from clipforge_import.sources.http import OnBytes
from clipforge_runtime.errors import Permanent
from clipforge_runtime.storage import ObjectStore


async def fetch(
    key: str, to: Path, *, tenant: str, store: ObjectStore, limits: Limits, on_bytes: OnBytes
) -> None:
    """Stream an upload into a file. Permanent where it is gone, another tenant's, or too large."""
    if not key.startswith(f"uploads/{tenant}/"):
        raise Permanent("This upload is not yours.", reason="forbidden-upload")
    gone = Permanent("The uploaded file is gone. Upload it again.", reason="upload-gone")
    await stored.fetch(key, to, store=store, limits=limits, on_bytes=on_bytes, gone=gone)
