"""Links that users can follow to what lies in the store."""

from datetime import timedelta

from clipforge_gateway.parts import Parts


async def link(parts: Parts, key: str, *, file_name: str = "") -> str:
    """An address that opens an object without a key for a while; saved under this name."""
    return await parts.store.presign_get(
        key,
        expires=timedelta(seconds=parts.settings.link_seconds),
        public=True,
        file_name=file_name,
    )
