"""The log as a service holds it: a Publisher and a Reader over one connection."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from clipforge_contracts import lanes, plans, subjects
from clipforge_contracts.facts import Fact, encode, fact_name
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.plans import Priority
from clipforge_runtime.bus import (
    Counts,
    Entry,
    Headers,
    Progress,
    Record,
    Room,
    Stated,
    Unavailable,
    Wait,
)
from clipforge_runtime.jetstream import connection as wire
from clipforge_runtime.jetstream import (
    counters,
    counting,
    following,
    holding,
    overdue,
    pausing,
    progress,
    publishing,
    records,
    room,
    seats,
    whereabouts,
)
from clipforge_runtime.jetstream.clock import Clock
from clipforge_runtime.jetstream.delivery import JetStreamDelivery
from clipforge_runtime.jetstream.pulling import Pulls
from clipforge_runtime.jetstream.schedules import Schedules
from clipforge_runtime.jetstream.turns import GroupedTurns
from clipforge_runtime.settings import RuntimeSettings


class JetStream:
    """A Publisher and a Reader on NATS JetStream."""

    def __init__(self, connection: wire.Connection, name: str, quota: int = 0) -> None:
        self.connection = connection
        self.name = name
        self.clock = Clock(connection)
        self._quota = quota
        self._schedules = Schedules(connection)

    @classmethod
    @asynccontextmanager
    async def connect(cls, settings: RuntimeSettings, *, name: str) -> AsyncGenerator["JetStream"]:
        """Connect as the service `name`; its NATS user and inboxes go by that name."""
        async with wire.connect(settings.nats_url, name) as connection:
            bus = cls(connection, name, settings.log_max_bytes)
            keeping = asyncio.create_task(bus.clock.keep())
            try:
                yield bus
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

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
        return await publishing.state(
            self.connection,
            fact,
            fact_id=fact_id,
            source=self.name,
            lane=lane,
            headers=headers or {},
            after=0 if once else after,
        )

    async def incarnation(self) -> str:
        info = await self._stream_info()
        return str(int(_time(info["created"]).timestamp() * 1_000_000))

    async def last(
        self, kind: type[Fact], *, tenant: str, project: str | None, about: str
    ) -> Entry | None:
        return await self._last(subjects.last_of(fact_name(kind), tenant, project, about))

    async def last_of_project(self, tenant: str, project: str) -> Entry | None:
        return await self._last(subjects.of_project(tenant, project))

    async def last_of_tenant(self, tenant: str) -> Entry | None:
        return await self._last(subjects.of_tenant(tenant))

    async def last_of_project_at(self, tenant: str, project: str) -> int:
        """The sequence of the newest fact of a project, 0 where there is none; at the leader."""
        found = await publishing.last_message(self.connection, subjects.of_project(tenant, project))
        return found[0] if found else 0

    def follow(
        self, *, after: int, filters: tuple[str, ...] = ("facts.>",)
    ) -> AsyncGenerator[Entry]:
        return following.follow(self.connection, self.name, after=after, filters=filters)

    async def last_sequence(self) -> int:
        return int((await self._stream_info())["state"]["last_seq"])

    async def last_fact(self) -> int:
        newest = await self._last("facts.>")
        return newest.sequence if newest else 0

    async def stored_at(self, sequence: int) -> datetime | None:
        try:
            reply = await self.connection.api(
                f"STREAM.MSG.GET.{subjects.STREAM}", {"seq": sequence}
            )
        except wire.ApiError as error:
            if error.err_code == publishing.NO_MESSAGE:
                return None
            raise
        return following.stored(reply["message"]).time

    async def next_fact(self, after: int) -> datetime | None:
        """When the oldest fact after a sequence was stored; None: there is none."""
        try:
            reply = await self.connection.api(
                f"STREAM.MSG.GET.{subjects.STREAM}", {"seq": after + 1, "next_by_subj": "facts.>"}
            )
        except wire.ApiError as error:
            if error.err_code == publishing.NO_MESSAGE:
                return None
            raise
        return following.stored(reply["message"]).time

    async def first_sequence(self) -> int:
        return int((await self._stream_info())["state"]["first_seq"])

    async def room(self) -> Room:
        """How full the quota is that the log shares with all that is kept beside it."""
        return await room.look(self.connection, self._quota)

    async def counts(self, stage: Stage) -> dict[Priority, Counts]:
        return await counting.counts(self.connection, stage, self._schedules)

    async def outstanding(self, stage: Stage) -> int:
        """Deliveries that wait or run, of all priorities: parts of jobs, too, as each takes a slot.

        What waits for its time is not among them: no worker could begin it.
        """
        return await counting.outstanding(self.connection, stage)

    async def wait(
        self, stage: Stage, *, priority: Priority, tenant: str, project: str, job: str
    ) -> Wait:
        return await counting.wait(
            self.connection, stage, priority=priority, about=f"{tenant}.{project}.{job}"
        )

    def pulls(self, stage: Stage, late: Callable[[JetStreamDelivery], None] | None = None) -> Pulls:
        """The deliveries of one stage, shared out among priorities, and among lanes in each.

        `late` takes what arrives when nobody waits for it; else it is kept for whoever comes next.
        """
        durables = [
            [subjects.durable(stage, priority, lane) for lane in Lane] for priority in Priority
        ]
        turns = GroupedTurns(
            [plans.WEIGHTS[priority] for priority in Priority],
            [lanes.WEIGHTS[lane] for lane in Lane],
        )
        return Pulls(self.connection, stage.name, durables, turns, late)

    async def again(
        self,
        due: subjects.Subject,
        body: bytes,
        *,
        message_id: str,
        headers: Headers,
        at: datetime | None = None,
        sequence: int = 0,
        deferred: bool = False,
    ) -> None:
        """Have a cause delivered again: at once, or at a time, through a schedule.

        `at` is of this machine's clock, and told to the log in the log's own time.
        """
        subject = str(due)
        if at is not None:
            at += self.clock.now() - datetime.now(UTC)
            headers = {
                **headers,
                "Nats-Schedule": f"@at {at.isoformat().replace('+00:00', 'Z')}",
                "Nats-Schedule-Target": subject,
            }
            subject = subjects.schedule(due, sequence, deferred=deferred)
        await publishing.publish(
            self.connection, subject, body, message_id=message_id, headers=headers
        )

    async def keep_progress(self, replicas: int) -> None:
        """Have what is in memory, for ever: for the one service that is responsible."""
        await progress.keep(self.connection, replicas)

    async def read_record(self, key: str) -> Record:
        return await records.read(self.connection, key)

    async def write_record(self, key: str, body: bytes, *, after: int) -> int | None:
        return await records.write(self.connection, key, body, after=after)

    async def add(self, counter: str, many: int) -> int:
        return await counters.add(self.connection, counter, many)

    async def state_again(
        self, due: subjects.Subject, fact: Fact, *, fact_id: str, replay: int = 0
    ) -> None:
        """Have a cause that the log has lost, or that is to be replayed, delivered at once."""
        replayed = {"cf-replay": str(replay)} if replay else {}
        await publishing.publish(
            self.connection,
            str(due),
            encode(fact),
            message_id=fact_id,
            headers={**publishing.envelope(fact, fact_id, self.name), **replayed},
        )

    async def wake_overdue(self, after: int) -> tuple[int, int]:
        """Deliver retries that the log has forgotten to; see overdue.wake."""
        return await overdue.wake(self.connection, after=after, now=self.clock.now())

    async def purge(self, filters: str) -> int:
        """Take the messages under a filter out of the log for good; how many there were."""
        done = await self.connection.api(f"STREAM.PURGE.{subjects.STREAM}", {"filter": filters})
        return int(done["purged"])

    async def holds(self, stage: Stage, due: subjects.Subject, cause: int) -> bool:
        """Whether this log still holds a job's work; see holding.holds."""
        return await holding.holds(self.connection, stage, due, cause, now=self.clock.now())

    async def reached(self, stage: Stage, *, tenant: str, project: str, job: str) -> float:
        return await whereabouts.reached(
            self._last, subjects.tried_again(stage, tenant=tenant, project=project, job=job)
        )

    async def running_jobs(self) -> set[str]:
        return await whereabouts.running(self.connection)

    async def scheduled_jobs(self, stage: Stage) -> dict[str, Wait]:
        return await whereabouts.scheduled(self.connection, stage)

    async def held_back(self, stage: Stage) -> Priority | None:
        return await whereabouts.held_back(self.connection, stage)

    async def oldest_waiting(self, stage: Stage) -> datetime | None:
        return await whereabouts.oldest(self.connection, stage)

    async def put_progress(self, report: Progress) -> None:
        """Show a sign of life of a running job."""
        await progress.put(self.connection, report)

    async def delete_progress(self, report: Progress) -> None:
        """Say that nobody runs the job any more."""
        await progress.delete(self.connection, report)

    async def take_seat(
        self, stage: Stage, tenant: str, *, limit: int, owner: str
    ) -> seats.Seat | None:
        """One of so many seats of a tenant in a stage, or None where all are taken."""
        return await seats.take(self.connection, stage, tenant, limit=limit, owner=owner)

    async def keep_seat(self, seat: seats.Seat) -> None:
        """Say that it is still taken."""
        await seats.keep(self.connection, seat)

    async def leave_seat(self, seat: seats.Seat) -> None:
        """Say that it is free."""
        await seats.leave(self.connection, seat)

    async def say_deferring(self, stage: Stage) -> None:
        """Say that free work is held back in this stage, for 15 s."""
        await progress.say_deferring(self.connection, stage.name)

    async def running(self, job: str, part: int | None) -> Progress | None:
        """Who runs this job, or this part of it, now."""
        return await progress.read(self.connection, job, part)

    async def progress(self, job: str) -> tuple[Progress, ...]:
        return await progress.read_all(self.connection, job)

    def watch_progress(self) -> AsyncIterator[Progress]:
        return progress.watch(self.connection)

    async def pause(self, stage: Stage) -> None:
        await pausing.pause(self.connection, stage)

    async def resume(self, stage: Stage) -> None:
        await pausing.resume(self.connection, stage)

    async def healthy(self) -> bool:
        try:
            async with asyncio.timeout(1):
                await self._stream_info()
        except (TimeoutError, Unavailable, wire.ApiError):
            return False
        return True

    async def _stream_info(self) -> dict[str, Any]:
        return await self.connection.api(f"STREAM.INFO.{subjects.STREAM}")

    async def _last(self, subject: str) -> Entry | None:
        try:
            reply = await self.connection.api(
                f"STREAM.MSG.GET.{subjects.STREAM}", {"last_by_subj": subject}
            )
        except wire.ApiError as error:
            if error.err_code == publishing.NO_MESSAGE:
                return None
            raise
        return following.stored(reply["message"])


def _time(text: str) -> datetime:
    """The server's times have nanoseconds, which Python's do not."""
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")
