"""Uploads as they lie in the store: a folder each, with a session while they are under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from clipforge_runtime.storage import Stat

UPLOADS: Final = "uploads/"
SESSION: Final = "session.json"


@dataclass(frozen=True)
class Upload:
    """What lies in the folder of one upload."""

    folder: str  # with its slash
    names: tuple[Stat, ...]

    @property
    def session(self) -> str:
        """The key of what is known of it while it is under way."""
        return self.folder + SESSION

    @property
    def is_completed(self) -> bool:
        return any(stat.key != self.session for stat in self.names)

    @property
    def newest(self) -> datetime:
        """When something of it was written last."""
        return max(stat.modified for stat in self.names)


def whole(page: Sequence[Stat], *, full: bool) -> list[Upload]:
    """The uploads of a page of keys in order; of a full one all but the last, which it may cut."""
    found = [
        Upload(folder, tuple(names))
        for folder, names in groupby(page, key=lambda stat: stat.key.rpartition("/")[0] + "/")
    ]
    return found[:-1] if full else found
