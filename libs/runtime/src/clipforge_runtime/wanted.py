"""Whether a job is still wanted: cancels and outcomes, looked up at the leader and heard live."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from clipforge.v1.facts_pb2 import (
    ExportCancelled,
    ExportRequested,
    ProjectCancelled,
    ProjectDeleted,
    StageFailed,
)
from clipforge_contracts.facts import Fact, about, fact_name, project_of
from clipforge_contracts.pipeline import Stage
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.cause import Cause
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import ApiError
from clipforge_runtime.jetstream.log import JetStream

log = logging.getLogger(__name__)

REMEMBERED: Final = 10_000  # cancels; with more, begin anew and look up what was stated before

Drop = Callable[[str, str], None]
"""`drop(project, export)`: stop what runs for it; `export` is empty where the project is meant."""


class Wanted:
    """Answers for one stage."""

    def __init__(self, bus: JetStream, stage: Stage) -> None:
        self._bus = bus
        self._stage = stage
        self._since: int | None = None  # every cancel after this sequence was heard; None: unknown
        self._heard: set[str] = set()
        self._arming: asyncio.Task[None] | None = None

    def is_fresh(self, cause: Cause) -> bool:
        """Whether the job is wanted for certain, without asking: most are.

        It was stated while this worker listened, no cancel of it was heard since, and it is handed
        over for the first time: nobody has run it. Should a cancel have been missed with the
        connection, the heartbeat finds it.
        """
        return (
            self._since is not None
            and cause.is_first
            and cause.part is None  # another part may have failed
            and cause.delivery.sequence > self._since
            and project_of(cause.fact).project_id not in self._heard
            and about(cause.fact) not in self._heard
        )

    async def over(self, cause: Cause) -> bool:
        """Whether the job needs no work: cancelled, failed, or done before."""
        if cause.is_first and cause.part is None and await self._is_newest(cause):
            return False
        return await self.unwanted(cause) or await self._any(
            cause, (self._stage.outcome_of(cause.fact), self._stage.job_about(cause.fact))
        )

    async def unwanted(self, cause: Cause) -> bool:
        """Whether the job has been cancelled, or another part of it has failed for good."""
        project = project_of(cause.fact).project_id
        looked_up: list[tuple[type[Fact], str]] = [
            (ProjectCancelled, project),
            (ProjectDeleted, project),
            (StageFailed, cause.job),
        ]
        if isinstance(cause.fact, ExportRequested):
            looked_up.append((ExportCancelled, about(cause.fact)))
        return await self._any(cause, *looked_up)

    @asynccontextmanager
    async def listen(self, drop: Drop) -> AsyncGenerator[None]:
        """Hear cancels as they are stated. One that is missed is found by the next heartbeat."""

        def hear(message: Message) -> None:
            *_, project, last = message.subject.split(".")
            self._heard.add(last)
            if len(self._heard) > REMEMBERED:
                self._arm()
            drop(project, "" if last == project else last)

        ends = [
            await self._bus.connection.subscribe(f"facts.{fact_name(kind)}.>", hear)
            for kind in (ProjectCancelled, ProjectDeleted, ExportCancelled)
        ]
        self._bus.connection.reconnected.append(self._arm)
        self._arm()
        try:
            yield
        finally:
            self._bus.connection.reconnected.remove(self._arm)
            if self._arming is not None:
                self._arming.cancel()
            for end in ends:
                await end()

    def _arm(self) -> None:
        """Begin to know what was cancelled, from now on."""
        self._since = None
        if self._arming is not None:
            self._arming.cancel()
        self._arming = asyncio.create_task(self._listen_on())

    async def _listen_on(self) -> None:
        self._heard.clear()
        while self._since is None:
            try:
                await self._bus.connection.flush()  # the server has our subscriptions
                self._since = await self._bus.last_sequence()
            except (Unavailable, ApiError) as error:
                log.debug("cancels are looked up until the log answers: %s", error)
                await asyncio.sleep(1)  # nothing announces that

    async def _is_newest(self, cause: Cause) -> bool:
        """Whether nothing has been said about the project since: one look instead of four."""
        project = project_of(cause.fact)
        newest = await self._bus.last_of_project_at(project.tenant_id, project.project_id)
        return newest == cause.delivery.sequence

    async def _any(self, cause: Cause, *looked_up: tuple[type[Fact], str]) -> bool:
        project = project_of(cause.fact)
        found = await asyncio.gather(
            *(
                self._bus.last(
                    kind, tenant=project.tenant_id, project=project.project_id, about=about
                )
                for kind, about in looked_up
            )
        )
        return any(entry is not None for entry in found)
