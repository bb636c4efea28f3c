"""A log, a queue and a store for tests, without servers: they keep the real ones' promises."""

from clipforge_runtime.testing.bus import MemoryBus
from clipforge_runtime.testing.queue import MemoryDelivery, MemoryQueue
from clipforge_runtime.testing.store import FolderStore

__all__ = ["FolderStore", "MemoryBus", "MemoryDelivery", "MemoryQueue"]
