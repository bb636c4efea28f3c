"""How far jobs are: the reports of their workers as one number, which never goes back."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from clipforge_runtime.bus import Progress

REMEMBERED: Final = 10_000  # jobs; some 10 MB
WAITING: Final = "waiting"


@dataclass(frozen=True)
class Standing:
    """How far one job is."""

    percent: float  # 0 to 100; the furthest that was ever seen
    now: float  # of the attempt that runs
    step: str  # in words
    running: bool
    attempt: int = 0


@dataclass
class _Known:
    parts: dict[int | None, Progress] = field(default_factory=dict[int | None, Progress])
    percent: float = 0.0


class Standings:
    """What this process has heard of jobs.

    Every gateway hears every report, so all of them know the same, except of what was before their
    start: that they learn of reports, and of retries, which say how far it had come before. A
    second attempt begins at nothing, and shows so only once it is past the first.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def hear(self, report: Progress) -> Progress:
        """Take a report in; the same about the whole of its job."""
        known = self._of(report.job)
        known.parts[report.part] = _at_its_furthest(report)
        known.percent = max(known.percent, fold(known.parts.values()))
        return replace(report, percent=known.percent)

    def knows(self, job: str) -> bool:
        """Whether anything was heard of a job."""
        return job in self._known

    def learn(self, job: str, percent: float) -> None:
        """Take in how far a job had come, as the log has it."""
        known = self._of(job)
        known.percent = max(known.percent, percent)

    def of(self, job: str, running: Iterable[Progress] = ()) -> Standing:
        """How far a job is, given what runs of it now."""
        reports = list(running)
        if not reports:
            known = self._known.get(job)
            return Standing(known.percent if known else 0.0, 0.0, WAITING, running=False)
        known = self._of(job)
        now = fold(reports)
        known.percent = max(known.percent, fold(map(_at_its_furthest, reports)))
        furthest = max(reports, key=lambda report: report.percent)
        attempt = max(report.attempt for report in reports)
        return Standing(known.percent, now, furthest.step, running=True, attempt=attempt)

    def _of(self, job: str) -> _Known:
        known = self._known.setdefault(job, _Known())
        self._known.move_to_end(job)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known


def _at_its_furthest(report: Progress) -> Progress:
    return replace(report, percent=max(report.percent, report.furthest))


def fold(reports: Iterable[Progress]) -> float:
    """How far a job is, of which these parts are known.

    Parts are handed over in order, so those before the last known one that are not known are done.
    """
    every = list(reports)
    parts = {report.part: report for report in every if report.part is not None}
    if not parts:
        return max((report.percent for report in every), default=0.0)
    done = max(parts) + 1 - len(parts)
    count = max(report.parts for report in parts.values())
    within = sum(report.percent for report in parts.values())
    return round((100 * done + within) / max(count, 1), 1)
