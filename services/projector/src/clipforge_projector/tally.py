"""What facts have brought about, counted once the transaction that shows it is through.

A projection notes here what came to an end; `apply` counts it after the commit. What a transaction
takes back is not counted, and a fact that comes twice changes no row, and so counts once.
"""

from datetime import datetime
from typing import Final

from prometheus_client import Counter, Histogram
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_catalog.tables import Project, ProjectState

PROJECTS: Final = Counter(
    "clipforge_projects_total", "Projects that were over, by how and by plan", ["outcome", "plan"]
)
PROJECT_SECONDS: Final = Histogram(
    "clipforge_project_seconds",
    "Seconds from the submission of a project to its being ready",
    ["plan"],
    buckets=(10, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400),
)
EXPORTS: Final = Counter(
    "clipforge_exports_total", "Exports that were completed, or failed", ["outcome"]
)
SOURCE: Final = Counter(
    "clipforge_source_seconds_total",
    "Seconds of film that were transcribed, as usage counts them",
    ["cached"],
)
SOURCE_BYTES: Final = Counter("clipforge_source_bytes_total", "Bytes of films that were imported")
OUTPUT: Final = Counter(
    "clipforge_output_seconds_total",
    "Seconds of clips that were exported, as usage counts them",
    ["cached"],
)
_NOTES: Final = "clipforge_tally"


class Tally:
    """The notes of one transaction."""

    def __init__(self) -> None:
        self._notes: list[tuple[Counter | Histogram, float]] = []

    def note(self, what: Counter | Histogram, amount: float = 1) -> None:
        """Something to count, if the transaction comes through."""
        self._notes.append((what, amount))

    def __len__(self) -> int:
        return len(self._notes)

    def forget_after(self, number: int) -> None:
        """Take back what was noted since there were so many notes."""
        del self._notes[number:]

    def count(self) -> None:
        """The transaction is through."""
        for what, amount in self._notes:
            what.inc(amount) if isinstance(what, Counter) else what.observe(amount)


def of(session: AsyncSession) -> Tally:
    """The notes of this session's transaction."""
    found: Tally = session.info.setdefault(_NOTES, Tally())
    return found


def project_over(
    session: AsyncSession, project: Project, outcome: ProjectState, at: datetime
) -> None:
    """A project has become ready, failed or cancelled."""
    notes = of(session)
    notes.note(PROJECTS.labels(outcome, project.plan))
    if outcome is ProjectState.READY:
        seconds = (at - project.created_at).total_seconds()
        notes.note(PROJECT_SECONDS.labels(project.plan), max(0.0, seconds))
