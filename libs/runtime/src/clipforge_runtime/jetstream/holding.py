"""Whether the log still holds a job's work: waiting, running, or waiting for its time.

What a queue has in hand behind its ack floor may be settled already, and is taken for held: whoever
asks will ask again.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from clipforge_contracts import subjects
from clipforge_contracts.facts import fact_name
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.subjects import Subject
from clipforge_runtime.bus import Headers
from clipforge_runtime.jetstream import consumers, progress
from clipforge_runtime.jetstream.connection import ApiError, Connection
from clipforge_runtime.jetstream.publishing import NO_MESSAGE, last_message
from clipforge_runtime.jetstream.schedules import subjects_of

OVERDUE: Final = timedelta(minutes=1)  # a schedule fires within a second of its time


async def holds(
    connection: Connection, stage: Stage, due: Subject, cause: int, *, now: datetime
) -> bool:
    """Whether anything is going to bring this job to a worker, or has; `now` is the log's time.

    `due` is the subject of the job's retries, in whatever lane; `cause` the sequence of the fact
    that began it, 0 where it was stated in another log than this one.
    """
    if await progress.read_all(connection, due.about) or await _delayed(connection, due, now):
        return True
    queries: list[dict[str, str | int]] = [{"seq": cause}] if cause else []
    for lane in Lane:
        queries += [{"last_by_subj": subject} for subject in _subjects(stage, due, lane)]
    found = await asyncio.gather(*(_message(connection, query) for query in queries))
    for lane, sequence in filter(None, found):  # max_age has taken away those that are not there
        durable = subjects.durable(stage, due.priority, lane)
        if await _has_in_hand(connection, durable, sequence):
            return True
    return False


def _subjects(stage: Stage, due: Subject, lane: Lane) -> list[str]:
    """Where messages of the job lie in a lane: its retries, and its parts where it has some."""
    about = f"{due.tenant}.{due.project}"
    retries = f"retries.{stage.name}.*.{lane}.{about}.{due.about}"
    parts = [f"facts.{fact_name(part)}.*.{lane}.{about}.{due.project}" for part in stage.parts]
    return [retries, *parts]


async def _delayed(connection: Connection, due: Subject, now: datetime) -> bool:
    """Whether a schedule waits for its time; see overdue.py for those that are past it."""
    waiting = await subjects_of(connection, subjects.STREAM, subjects.schedules_of(due))
    found = await asyncio.gather(*(last_message(connection, one) for one in waiting))
    times = [due_at(headers) for _, headers in filter(None, found)]
    return any(now - at < OVERDUE for at in times if at is not None)


def due_at(headers: Headers) -> datetime | None:
    """When a schedule is to fire, by its headers; None where it is none of ours, but every hour."""
    kind, _, at = headers.get("Nats-Schedule", "").partition(" ")
    try:
        return datetime.fromisoformat(at) if kind == "@at" else None
    except ValueError:
        return None


async def _message(connection: Connection, query: dict[str, str | int]) -> tuple[Lane, int] | None:
    """The lane and the sequence of a message, where the log still has it."""
    try:
        reply = await connection.api(f"STREAM.MSG.GET.{subjects.STREAM}", query)
    except ApiError as error:
        if error.err_code == NO_MESSAGE:
            return None
        raise
    message = reply["message"]
    return subjects.parse(message["subject"]).lane, int(message["seq"])


async def _has_in_hand(connection: Connection, durable: str, sequence: int) -> bool:
    """Whether a queue may still deliver what lies at this sequence, or hear what became of it."""
    try:
        info = await consumers.info(connection, durable)
    except consumers.Missing:
        return True  # what waits for it is held, until it is declared again
    # After faults of a cluster a queue may be past a message that it has never delivered (issue
    # 8036 of nats-server tells of one): it has nothing in hand, and no later ack moves its floor.
    # So it seems for a moment, too, where a server has not seen yet what was stored: then a job
    # comes twice, as it may at any time.
    in_hand = int(info["num_pending"]) + int(info["num_ack_pending"])
    return in_hand > 0 and sequence > int(info["ack_floor"]["stream_seq"])
