"""The log as the rest of the code sees it. No NATS here: see jetstream/ and testing/."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from clipforge_contracts.facts import Fact
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority

Headers = Mapping[str, str]
Wait = Literal["waiting", "delayed", "deferred"]


class Contradicted(Exception):
    """Another fact has taken this one's place: it may be stated only once, and was."""


class Unavailable(Exception):
    """The log did not confirm within the time given. The fact may or may not have been stated."""


class DoneInPart(Unavailable):
    """Some of what belongs together has taken a change, and the rest has not: ask for it again."""


class Reborn(Exception):
    """The log is another one now, made anew or restored: what was read before may not be in it."""


@dataclass(frozen=True)
class Stated:
    """What the log answered to a fact."""

    sequence: int
    fresh: bool  # False: this very fact (same id) had been stated before


@dataclass(frozen=True)
class Entry:
    """One message of the log, as a reader sees it. `fact` is None where it cannot be read."""

    sequence: int
    subject: str
    time: datetime  # when the log stored it
    fact_id: str  # ce-id
    fact: Fact | None
    headers: Headers


@dataclass(frozen=True)
class Counts:
    """The numbers of one queue at one priority, from the leader. Jobs and their parts alike."""

    waiting: int
    active: int
    delayed: int  # they failed, and are tried again at their time
    paused: bool
    deferred: int = 0  # held back: over a limit of the tenant's, or free work under load
    partly_paused: bool = False  # a pause, or a resume, was broken off


@dataclass(frozen=True)
class Room:
    """How full the log is. `quota` is 0 where nobody has said what it may hold."""

    used: int  # bytes
    quota: int

    @property
    def share(self) -> float:
        """From 0, empty, to 1, full."""
        return self.used / self.quota if self.quota else 0.0


@dataclass(frozen=True)
class Progress:
    """How far a running job, or a part of one, is."""

    job: str
    owner: str
    attempt: int
    percent: float  # 0 to 100, of the part where it is one; monotone within an attempt
    step: str  # in words
    part: int | None = None  # index, for parts of a job
    parts: int = 1
    tenant: str = ""
    project: str = ""
    furthest: float = 0.0  # percent that attempts before this one have come to


@dataclass(frozen=True)
class Record:
    """What is written under a key, and where. Nothing is: sequence 0 and no body."""

    sequence: int = 0
    body: bytes = b""


class Shared(Protocol):
    """What replicas know together: records, each kept for a day, and counters."""

    async def read_record(self, key: str) -> Record:
        """The newest, as the leader has it."""
        ...

    async def write_record(self, key: str, body: bytes, *, after: int) -> int | None:
        """Write after the record of this sequence; None: somebody else was quicker."""
        ...

    async def add(self, counter: str, many: int) -> int:
        """Add to a counter; its total after that. Counters are forgotten after ten minutes."""
        ...


class Delivery(Protocol):
    """One hand-over of a cause to this process."""

    @property
    def subject(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def stream(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def deliveries(self) -> int:
        """How often the log has handed this message over, this time included."""
        ...

    async def ack(self) -> None:
        """Settle it. Not confirmed: where it is lost, the log hands the message over once more,
        and whoever gets it finds the work done.
        """
        ...

    async def in_progress(self) -> None:
        """Renew the lease."""
        ...


class Publisher(Protocol):
    """States facts."""

    async def state(
        self,
        fact: Fact,
        *,
        fact_id: str,
        lane: Lane = Lane.L0,
        headers: Headers | None = None,
        once: bool = False,
        after: int | None = None,
    ) -> Stated:
        """State a fact and wait until the log holds it. `lane` is where its work is to wait.

        The same `fact_id` again is the same fact, within the duplicate window always and beyond it
        where `once` is set: then the fact's kind and subject may exist one time only, and another
        id raises Contradicted. `after` does the same for what is edited: the newest fact of this
        kind about the same thing has to have this sequence (0: there is none). Raises Unavailable
        when the log does not confirm in time, Invalid where the fact breaks a rule.
        """
        ...


class Reader(Protocol):
    """Reads the log, and what is known beside it."""

    async def incarnation(self) -> str:
        """Which log this is: changes when the stream is made anew and sequences start over."""
        ...

    async def last(
        self, kind: type[Fact], *, tenant: str, project: str | None, about: str
    ) -> Entry | None:
        """The newest fact of one kind about one thing, read at the leader; see subjects.last_of."""
        ...

    async def last_of_project(self, tenant: str, project: str) -> Entry | None:
        """The newest fact of a project, of whatever kind, read at the leader."""
        ...

    async def last_of_tenant(self, tenant: str) -> Entry | None:
        """The newest fact of a tenant, of whatever project and kind, read at the leader."""
        ...

    def follow(
        self, *, after: int, filters: tuple[str, ...] = ("facts.>",)
    ) -> AsyncGenerator[Entry]:
        """Every message after a sequence, in order, then each new one as it comes. Never ends.

        Survives reconnects and the loss of the consumer behind it. Close it with `aclose`. Raises
        Reborn where the log is not the one any more that it began with.
        """
        ...

    async def last_sequence(self) -> int:
        """The sequence of the newest message of the log."""
        ...

    async def last_fact(self) -> int:
        """The sequence of the newest fact, which retries may follow. 0: there is none."""
        ...

    async def stored_at(self, sequence: int) -> datetime | None:
        """When the log stored a message, read at the leader. None: it does not hold it."""
        ...

    async def first_sequence(self) -> int:
        """The sequence of the oldest message that the log still holds."""
        ...

    async def room(self) -> Room:
        """How full the log is."""
        ...

    async def counts(self, stage: Stage) -> dict[Priority, Counts]:
        """The numbers of one queue, per priority."""
        ...

    async def wait(
        self, stage: Stage, *, priority: Priority, tenant: str, project: str, job: str
    ) -> Wait:
        """How a job waits that is neither over nor running."""
        ...

    async def progress(self, job: str) -> tuple[Progress, ...]:
        """What is running of this job: one entry, or one per running part. Empty: nothing runs."""
        ...

    async def reached(self, stage: Stage, *, tenant: str, project: str, job: str) -> float:
        """How far a job that is to be tried again had come; 0 for one in parts, which are many."""
        ...

    async def running_jobs(self) -> set[str]:
        """Jobs, of whatever stage, that run or have run in the last 45 seconds."""
        ...

    async def scheduled_jobs(self, stage: Stage) -> dict[str, Wait]:
        """Jobs of a stage that wait for their time: delayed or deferred."""
        ...

    async def held_back(self, stage: Stage) -> Priority | None:
        """The priority that is not started just now, under load, though it lies in the queue."""
        ...

    async def oldest_waiting(self, stage: Stage) -> datetime | None:
        """Since when the message waits that has waited for the longest; None: nothing waits."""
        ...

    def watch_progress(self) -> AsyncIterator[Progress]:
        """Every report of progress from now on. May drop some, never blocks the log."""
        ...

    async def pause(self, stage: Stage) -> None:
        """Start nothing more in this queue, for every replica; what runs may finish. DoneInPart."""
        ...

    async def resume(self, stage: Stage) -> None: ...

    async def healthy(self) -> bool:
        """Whether the log answers within a second."""
        ...
