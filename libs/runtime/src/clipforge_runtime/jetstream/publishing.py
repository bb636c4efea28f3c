"""Stating facts: publish, wait for the confirmation, and find out what became of a doubtful one."""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, about, ce_type, encode, fact_name
from clipforge_contracts.lanes import Lane
from clipforge_runtime.bus import Contradicted, Headers, Stated, Unavailable
from clipforge_runtime.jetstream import headers as blocks
from clipforge_runtime.jetstream.connection import NOT_READY, ApiError, Connection, raise_error

log = logging.getLogger(__name__)

# Writes were blocked for 3.4 to 8.3 s when the stream's leader was killed; twice that, and a bit.
CONFIRM_SECONDS: Final = 20.0
ASK_AGAIN_SECONDS: Final = 0.25
WRONG_LAST_SEQUENCE: Final = {10071, 10164}  # by count, and by subject
NO_MESSAGE: Final = 10037


def envelope(fact: Fact, fact_id: str, source: str) -> dict[str, str]:
    """CloudEvents 1.0 in binary mode: the attributes are headers, the body is the data."""
    return {
        "ce-specversion": "1.0",
        "ce-id": fact_id,
        "ce-type": ce_type(fact),
        "ce-source": f"/clipforge/{source}",
        "ce-time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "ce-subject": about(fact),
        "content-type": "application/protobuf",
    }


async def state(
    connection: Connection,
    fact: Fact,
    *,
    fact_id: str,
    source: str,
    lane: Lane,
    headers: Headers,
    after: int | None,
) -> Stated:
    """See Publisher.state."""
    body = encode(fact)
    sent = {**headers, **envelope(fact, fact_id, source)}
    if after is not None:
        sent["Nats-Expected-Last-Subject-Sequence"] = str(after)
        sent["Nats-Expected-Last-Subject-Sequence-Subject"] = subjects.once(fact)
    subject = str(subjects.fact_subject(fact, lane))
    try:
        return await publish(connection, subject, body, message_id=fact_id, headers=sent)
    except ApiError as error:
        if error.err_code not in WRONG_LAST_SEQUENCE:
            raise
    return await _who_was_first(connection, fact, fact_id)


async def publish(
    connection: Connection,
    subject: str,
    body: bytes,
    *,
    message_id: str,
    headers: Mapping[str, str],
) -> Stated:
    """Publish until the stream confirms: the same message id each time, so it is stored once."""
    sent = {**headers, "Nats-Msg-Id": message_id}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CONFIRM_SECONDS
    while True:
        try:
            answer = await connection.request(subject, body, headers=sent)
            reply = json.loads(answer.data)
            raise_error(reply)
            return Stated(int(reply["seq"]), fresh=not reply.get("duplicate", False))
        except (Unavailable, ApiError) as error:
            passing = isinstance(error, Unavailable) or error.code == NOT_READY
            if not passing:
                raise
            if loop.time() > deadline:
                raise Unavailable(f"the log did not confirm {subject} in time") from error
            log.warning("the log did not confirm, asking again: %s", error)
            # A pause between two tries, not a wait for something that could be awaited.
            await asyncio.sleep(ASK_AGAIN_SECONDS)


async def _who_was_first(connection: Connection, fact: Fact, fact_id: str) -> Stated:
    """Another fact stands in this one's place; if it is this very one, that is success."""
    found = await last_message(connection, subjects.once(fact))
    if found is None:
        raise Unavailable(f"the log is undecided about {fact_name(fact)}")
    sequence, headers = found
    if headers.get("ce-id") == fact_id:
        return Stated(sequence, fresh=False)
    raise Contradicted(f"{fact_name(fact)} about {about(fact)} has been stated by another")


async def last_message(connection: Connection, subject: str) -> tuple[int, dict[str, str]] | None:
    """Sequence and headers of the newest message under a filter, at the leader."""
    try:
        reply = await connection.api(f"STREAM.MSG.GET.{subjects.STREAM}", {"last_by_subj": subject})
    except ApiError as error:
        if error.err_code == NO_MESSAGE:
            return None
        raise
    message = reply["message"]
    return int(message["seq"]), blocks.read(base64.b64decode(message.get("hdrs", "")))
