"""Films that were imported before, and are still stored, under their tenant's prefix."""

from pathlib import Path

from clipforge.v1.common_pb2 import AssetSource
from clipforge_contracts import keys
from clipforge_import.limits import Limits
from clipforge_import.sources import store as stored
from clipforge_import.sources.http import OnBytes
from clipforge_runtime.errors import Permanent
from clipforge_runtime.storage import ObjectStore


async def fetch(
    film: AssetSource,
    to: Path,
    *,
    tenant: str,
    store: ObjectStore,
    limits: Limits,
    on_bytes: OnBytes,
) -> None:
    """Stream it into a file. Permanent where it is gone, or another tenant's."""
    if not film.object_key.startswith(f"{keys.tenant(tenant)}media/{film.sha256}/"):
        raise Permanent("This film is not yours.", reason="forbidden-asset")
    gone = Permanent(
        "This film is no longer stored: its time was over. Upload it again.", reason="asset-gone"
    )
    await stored.fetch(
        film.object_key, to, store=store, limits=limits, on_bytes=on_bytes, gone=gone
    )
