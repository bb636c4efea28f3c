"""How faults of the log are brought about, and taken back. Each is `(house, victim, seconds)`."""

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from signal import SIGCONT, SIGSTOP
from typing import Final

from chaos.brokers import OURS, Node
from chaos.house import House
from chaos.requests import TENANT
from chaos.strikes import DUE_SECONDS, chance
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import fact_name
from clipforge_contracts.pipeline import BY_STAGE, PIPELINE
from clipforge_runtime.bus import Entry
from clipforge_runtime.cause import kept
from clipforge_runtime.jetstream import publishing
from clipforge_runtime.jetstream.connection import ApiError, Connection, connect
from clipforge_runtime.jetstream.following import stored

FILLER: Final = "FILLER"
BLOCK: Final = bytes(200_000)
MISSING: Final = 404


async def log_kill(house: House, victim: str, seconds: float) -> None:
    """Every server of the log at once."""
    house.broker.kill()
    await asyncio.sleep(seconds)
    await house.broker.start()


async def log_freeze(house: House, victim: str, seconds: float) -> None:
    await _frozen(house.broker.nodes, seconds)


async def log_kill_at_retry(house: House, victim: str, seconds: float) -> None:
    """In the moment in which a retry becomes due."""
    async with _ours(house) as connection:
        due = await _next_due(connection)
    if due:
        await asyncio.sleep(max(0.0, due - time.time() + chance(seconds).uniform(-0.05, 0.15)))
    await log_kill(house, victim, seconds)


async def log_full(house: House, victim: str, seconds: float) -> None:
    """At the server's quota, by a stream of ours that takes what there is."""
    async with _ours(house) as connection:
        config = {"name": FILLER, "subjects": ["filler"], "storage": "file"}
        await connection.api(f"STREAM.CREATE.{FILLER}", config)
        while "error" not in json.loads((await connection.request("filler", BLOCK)).data):
            pass
        await asyncio.sleep(seconds)
        await connection.api(f"STREAM.DELETE.{FILLER}")


async def disk_full(house: House, victim: str, seconds: float) -> None:
    """No space left on the first server's disk; then room is made, and the server started anew."""
    disk, node = house.broker.disk, house.broker.nodes[0]
    assert disk
    await asyncio.to_thread(disk.fill)
    await asyncio.sleep(seconds)
    disk.make_room()
    node.child.kill()
    await house.broker.start()


async def power_cut(house: House, victim: str, seconds: float) -> None:
    """The server's disk as it was in that very moment."""
    disk = house.broker.disk
    assert disk
    house.broker.kill()
    disk.cut_power()
    await asyncio.sleep(seconds)
    await house.broker.start()


async def leader_kill(house: House, victim: str, seconds: float) -> None:
    node = await asyncio.to_thread(house.broker.leader)
    node.child.kill()
    await asyncio.sleep(seconds)
    await house.broker.start()


async def leader_freeze(house: House, victim: str, seconds: float) -> None:
    await _frozen([await asyncio.to_thread(house.broker.leader)], seconds)


async def partition(house: House, victim: str, seconds: float) -> None:
    """The leader on one side, the other two on the other; clients on both."""
    house.broker.part(await asyncio.to_thread(house.broker.leader))
    await asyncio.sleep(seconds)
    house.broker.join()
    await house.broker.start()


async def again(house: House, victim: str, seconds: float) -> None:
    """Causes of former and present jobs are delivered again, three times, in any order."""
    dice = chance(seconds)
    async with _ours(house) as connection:
        found = [
            (stage, entry, body)
            for stage in PIPELINE
            for kind in stage.consumes
            async for entry, body in _messages(connection, f"facts.{fact_name(kind)}.>")
        ]
        chosen = dice.sample(found, k=min(20, len(found))) * 3
        dice.shuffle(chosen)
        for stage, entry, body in chosen:
            assert entry.fact
            due = subjects.retry(subjects.parse(entry.subject), stage, stage.job(entry.fact))
            headers = {**kept(entry.headers), "Nats-Msg-Id": ids.new("evt")}
            await connection.publish(str(due), body, headers=headers)
        await connection.flush()


async def garbled(house: House, victim: str, seconds: float) -> None:
    """Bytes that are no fact, where the stage feeds."""
    kind = BY_STAGE[victim].consumes[0]
    project = ids.derive("prj", house.name, victim)  # the same where it is tried again
    subject = f"facts.{fact_name(kind)}.high.l0.{TENANT}.{project}.{project}"
    house.strangers.add(subject)
    async with _ours(house) as connection:
        await publishing.publish(
            connection,
            subject,
            b"\xff\xfe garbled",
            message_id=ids.derive("evt", project),
            headers={},
        )


@asynccontextmanager
async def _ours(house: House) -> AsyncIterator[Connection]:
    async with connect(house.broker.url(OURS), OURS) as connection:
        yield connection


async def _frozen(nodes: Sequence[Node], seconds: float) -> None:
    for node in nodes:
        os.kill(node.child.pid, SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        for node in nodes:
            os.kill(node.child.pid, SIGCONT)


async def _messages(connection: Connection, subject: str) -> AsyncIterator[tuple[Entry, bytes]]:
    """What the log holds under a filter."""
    after = 0
    while True:
        asked = {"seq": after + 1, "next_by_subj": subject}
        try:
            reply = await connection.api(f"STREAM.MSG.GET.{subjects.STREAM}", asked)
        except ApiError as error:
            if error.code == MISSING:
                return
            raise
        entry = stored(reply["message"])
        after = entry.sequence
        if entry.fact is not None:
            yield entry, base64.b64decode(reply["message"]["data"])


async def _next_due(connection: Connection) -> float:
    """When the next retry is due, in seconds since 1970; 0 where none comes up."""
    deadline = time.monotonic() + DUE_SECONDS
    while time.monotonic() < deadline:
        info = await connection.api(
            f"STREAM.INFO.{subjects.STREAM}", {"subjects_filter": "schedules.>"}
        )
        for subject in info["state"].get("subjects") or {}:
            with contextlib.suppress(ApiError):  # it has become due meanwhile
                found = await publishing.last_message(connection, subject)
                if found:
                    at = found[1]["Nats-Schedule"].removeprefix("@at ")
                    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
        await asyncio.sleep(0.02)
    return 0.0
