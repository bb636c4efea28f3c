"""Whether a job is still wanted: cancels and outcomes, looked up at the leader and heard live."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from clipforge.v1.facts_pb2 import (
    ExportCancelled,
    ExportRequested,
    ProjectCancelled,
    ProjectDeleted,
    StageFailed,
)
from clipforge_contracts.facts import Fact, about, fact_name, project_of
from clipforge_contracts.pipeline import Stage
from clipforge_runtime.cause import Cause
from clipforge_runtime.jetstream.connection import Message
from clipforge_runtime.jetstream.log import JetStream

Drop = Callable[[str, str], None]
"""`drop(project, export)`: stop what runs for it; `export` is empty where the project is meant."""


class Wanted:
    """Answers for one stage."""

    def __init__(self, bus: JetStream, stage: Stage) -> None:
        self._bus = bus
        self._stage = stage

    async def over(self, cause: Cause) -> bool:
        """Whether the job needs no work: cancelled, failed, or done before."""
        return await self.unwanted(cause) or await self._any(
            cause, (self._stage.outcome, self._stage.job_about(cause.fact))
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

        async def hear(message: Message) -> None:
            *_, project, last = message.subject.split(".")
            drop(project, "" if last == project else last)

        ends = [
            await self._bus.connection.subscribe(f"facts.{fact_name(kind)}.>", hear)
            for kind in (ProjectCancelled, ProjectDeleted, ExportCancelled)
        ]
        try:
            yield
        finally:
            for end in ends:
                await end()

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
