"""What waits for a stage: a queue a priority, served in the turns in which its workers fetch."""

from collections import deque
from dataclasses import dataclass

from clipforge_contracts.plans import WEIGHTS, Priority
from clipforge_runtime.jetstream.turns import Turns


@dataclass
class Job:
    """One delivery."""

    arrives: int
    seconds: int
    priority: Priority = Priority.NORMAL
    begins: int = -1  # for the last time
    first: int = -1


class Waiting:
    """Deliveries that nobody works on. `held`: work of the priority `free` is not handed out."""

    def __init__(self, free: Priority) -> None:
        self._queues: list[deque[Job]] = [deque() for _ in Priority]
        self._turns = Turns([WEIGHTS[priority] for priority in Priority])
        self._free = _index(free)
        self.held = False

    def __len__(self) -> int:
        """All that waits, what is held back included: the log counts no other way."""
        return sum(map(len, self._queues))

    def add(self, job: Job) -> None:
        self._queues[_index(job.priority)].append(job)

    def hand_back(self, job: Job) -> None:
        self._queues[_index(job.priority)].appendleft(job)

    def take(self) -> Job | None:
        """The next one; none where nothing waits that may be had."""
        held = {self._free} if self.held else set()
        some = {one for one, queue in enumerate(self._queues) if queue} - held
        return self._queues[self._turns.take(some)].popleft() if some else None


def _index(priority: Priority) -> int:
    return list(Priority).index(priority)
