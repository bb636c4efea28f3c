"""Sound of films on this disk: fetched once for many parts, bounded, never removed while in use."""

import asyncio
import hashlib
from collections import Counter, OrderedDict, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from clipforge_runtime.storage import ObjectStore


class SoundCache:
    """Files by object key; the one unused for longest goes first."""

    def __init__(self, store: ObjectStore, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._in_use: Counter[str] = Counter()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def file(self, key: str) -> AsyncGenerator[Path]:
        """The sound under a key, as a local file for as long as the body runs."""
        path = self._folder / hashlib.sha256(key.encode()).hexdigest()
        self._in_use[key] += 1
        try:
            async with self._locks[key]:
                if key not in self._sizes:
                    await self._fetch(key, path)
            self._sizes.move_to_end(key)
            yield path
        finally:
            self._in_use[key] -= 1
            if not self._in_use[key]:
                del self._in_use[key], self._locks[key]
            self._evict()

    async def _fetch(self, key: str, path: Path) -> None:
        try:
            await self._store.download(key, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._sizes[key] = path.stat().st_size

    def _evict(self) -> None:
        for key in list(self._sizes):
            if sum(self._sizes.values()) <= self._max_bytes:
                return
            if key not in self._in_use:
                (self._folder / hashlib.sha256(key.encode()).hexdigest()).unlink(missing_ok=True)
                del self._sizes[key]
