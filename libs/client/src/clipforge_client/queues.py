"""Queues, jobs, dead letters and health: a part of the client; `async_queues.py` is its twin."""

from collections.abc import Iterator
from datetime import datetime

from clipforge_client import queue_calls
from clipforge_client.models import DeadLetter, Health, Job, Queue, Replayed, TenantShare
from clipforge_client.wire import Wire


class Queues:
    """Calls about how ClipForge works, and what has failed."""

    _wire: Wire

    def queues(self) -> dict[str, Queue]:
        """How much waits, runs and has ended, by queue."""
        return self._wire.do(queue_calls.queues())

    def queue(self, queue: str) -> Queue:
        """The same of one queue."""
        return self._wire.do(queue_calls.get_queue(queue))

    def queue_tenants(self, queue: str, *, limit: int = 20) -> Iterator[TenantShare]:
        """Tenants, those with the most work outstanding in it first. For operators."""
        return self._wire.pages(lambda cursor: queue_calls.queue_tenants(queue, cursor, limit))

    def job(self, queue: str, job_id: str) -> Job:
        """One job of a queue."""
        return self._wire.do(queue_calls.get_job(queue, job_id))

    def pause_queue(self, queue: str) -> Queue:
        """Start nothing more in it, for every worker. For operators, as the next is."""
        return self._wire.do(queue_calls.pause_queue(queue))

    def resume_queue(self, queue: str) -> Queue:
        """Go on."""
        return self._wire.do(queue_calls.resume_queue(queue))

    def jobs(
        self,
        *,
        queue: str = "",
        state: str = "",
        project_id: str = "",
        tenant: str = "",
        limit: int = 20,
    ) -> Iterator[Job]:
        """Jobs, newest first, fetched in pages of `limit`. `tenant` is for operators."""
        wanted = {"queue": queue, "state": state, "project_id": project_id, "tenant": tenant}
        return self._wire.pages(lambda cursor: queue_calls.list_jobs(wanted, cursor, limit))

    def dead_letters(
        self,
        *,
        queue: str = "",
        reason: str = "",
        project_id: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str = "",
        limit: int = 20,
    ) -> Iterator[DeadLetter]:
        """What failed for good and was not replayed, newest first. `tenant` is for operators.

        It failed from `since` on and before `until`, both with a time zone.
        """
        wanted = {
            "queue": queue,
            "reason": reason,
            "project_id": project_id,
            "since": since,
            "until": until,
            "tenant": tenant,
        }
        return self._wire.pages(lambda cursor: queue_calls.list_dead_letters(wanted, cursor, limit))

    def dead_letter(self, job_id: str) -> DeadLetter:
        """Why a job failed for good; for admins with what began it."""
        return self._wire.do(queue_calls.get_dead_letter(job_id))

    def replay(self, job_id: str) -> Job:
        """Do it after all: the job that takes its place. Asked twice, it is the same one."""
        return self._wire.do(queue_calls.replay_dead_letter(job_id))

    def replay_all(
        self,
        *,
        queue: str = "",
        reason: str = "",
        project_id: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str = "",
    ) -> Replayed:
        """Do all after all that fit, at most a thousand: ask again while there are more."""
        wanted = {
            "queue": queue,
            "reason": reason,
            "project_id": project_id,
            "since": since,
            "until": until,
            "tenant": tenant,
        }
        return self._wire.do(queue_calls.replay_dead_letters(wanted))

    def health(self) -> Health:
        """How ClipForge is, also where a part of it is away."""
        return self._wire.do(queue_calls.health())

    def live(self) -> bool:
        """Whether the process that answers is alive. Needs no key, as the next does not."""
        return self._wire.do(queue_calls.live())

    def ready(self) -> dict[str, bool]:
        """What it needs, and whether that answers: all true where it can serve requests."""
        return self._wire.do(queue_calls.ready())
