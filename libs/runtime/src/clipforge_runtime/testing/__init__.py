"""A log and a store for tests, without servers. They keep the promises of the real ones."""

from clipforge_runtime.testing.bus import MemoryBus
from clipforge_runtime.testing.store import FolderStore

__all__ = ["FolderStore", "MemoryBus"]
