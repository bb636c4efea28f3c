"""Whether the log still holds a job's work: waiting, running, or waiting for its time.

Answers no only where that is certain. What a queue has behind its ack floor may be settled already,
and is taken for held: whoever asks will ask again.
"""

from clipforge_contracts import subjects
from clipforge_contracts.facts import fact_name
from clipforge_contracts.pipeline import Stage
from clipforge_contracts.subjects import Subject
from clipforge_runtime.jetstream import progress
from clipforge_runtime.jetstream.connection import ApiError, Connection
from clipforge_runtime.jetstream.publishing import NO_MESSAGE

NO_CONSUMER = 10014


async def holds(connection: Connection, stage: Stage, due: Subject, cause: int) -> bool:
    """Whether anything is going to bring this job to a worker, or has.

    `due` is the subject of the job's retries; `cause` the sequence of the fact that began it, 0
    where it was stated in another log than this one.
    """
    if await progress.read_all(connection, due.about) or await _delayed(connection, due):
        return True
    info = await connection.api(f"STREAM.INFO.{subjects.STREAM}")
    first = int(info["state"]["first_seq"])
    newest = max(cause, *[await _last(connection, subject) for subject in _subjects(stage, due)])
    if newest < first:
        return False  # nothing was stated, or max_age has taken it away
    floor = await _ack_floor(connection, subjects.durable(stage, due.priority, due.lane))
    return newest > floor


def _subjects(stage: Stage, due: Subject) -> list[str]:
    """Where messages of the job lie: its retries, and its parts where it has some."""
    retries = f"retries.{stage.name}.*.*.{due.tenant}.{due.project}.{due.about}"
    parts = [
        subjects.last_of(fact_name(part), due.tenant, due.project, due.project)
        for part in stage.parts
    ]
    return [retries, *parts]


async def _delayed(connection: Connection, due: Subject) -> bool:
    waiting = f"schedules.{due.name}.*.*.{due.tenant}.{due.project}.{due.about}.>"
    info = await connection.api(f"STREAM.INFO.{subjects.STREAM}", {"subjects_filter": waiting})
    return bool(info["state"].get("subjects"))


async def _last(connection: Connection, subject: str) -> int:
    try:
        reply = await connection.api(f"STREAM.MSG.GET.{subjects.STREAM}", {"last_by_subj": subject})
    except ApiError as error:
        if error.err_code == NO_MESSAGE:
            return 0
        raise
    return int(reply["message"]["seq"])


async def _ack_floor(connection: Connection, durable: str) -> int:
    try:
        info = await connection.api(f"CONSUMER.INFO.{subjects.STREAM}.{durable}")
    except ApiError as error:
        if error.err_code == NO_CONSUMER:
            return 0  # nobody has declared it yet: what waits for it is held
        raise
    return int(info["ack_floor"]["stream_seq"])
