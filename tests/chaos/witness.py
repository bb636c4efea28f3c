"""Gathers the evidence of a round: waits until nothing moves any more, then reads everything."""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

from chaos import effects
from chaos.evidence import (
    Asked,
    Evidence,
    ExportRow,
    JobRow,
    ProjectRow,
    Rows,
    Told,
    UsageRow,
    held,
)
from clipforge_contracts import ids, subjects
from clipforge_contracts.pipeline import PIPELINE, Stage
from clipforge_runtime.bus import Counts, Entry, Unavailable
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.jetstream.connection import ApiError
from clipforge_runtime.jetstream.following import stored
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.storage import NotFound

logging.getLogger("clipforge_runtime.jetstream.following").setLevel(logging.ERROR)  # of garbled

LOOK_SECONDS: Final = 0.3
QUIET_SECONDS: Final = 2.0  # who wakes up late may have something to say, which changes nothing
MISSING: Final = 404
MAX_OBJECTS: Final = 20_000


class Premises(Protocol):
    """Where a witness looks."""

    @property
    def database(self) -> str: ...
    @property
    def effects(self) -> Path: ...
    @property
    def scratch(self) -> Path: ...
    def settings(self, user: str) -> RuntimeSettings: ...


async def settled(house: Premises, asked: Asked, *, seconds: float) -> bool:
    """Wait until what was accepted is over and the queues are empty; False where it never is."""
    deadline = time.monotonic() + seconds
    since = 0.0
    async with (
        JetStream.connect(house.settings("gateway"), name="gateway") as bus,
        JetStream.connect(house.settings("admin"), name="admin") as admin,
    ):
        while time.monotonic() < deadline:
            if not await _is_over(house, bus, admin, asked):
                since = 0.0
            elif not since:
                since = time.monotonic()
            elif time.monotonic() > since + QUIET_SECONDS:
                return True
            await asyncio.sleep(LOOK_SECONDS)
    return False


async def evidence(
    house: Premises,
    asked: Asked,
    *,
    told: tuple[Told, ...] = (),
    exact: bool = False,
    excused: tuple[str, ...] = (),
) -> Evidence:
    """All there is to see."""
    async with (
        JetStream.connect(house.settings("gateway"), name="gateway") as bus,
        JetStream.connect(house.settings("admin"), name="admin") as admin,
    ):
        return Evidence(
            asked=asked,
            facts=tuple(await _facts(bus)),
            rows=_rows(house),
            objects=await _objects(S3Store(house.settings("gateway"))),
            effects=tuple(effects.read(house.effects)),
            counts={stage.name: await _counts(bus, stage) for stage in PIPELINE},
            run_keys=tuple(await _run_keys(admin)),
            scratch=tuple(sorted(path.name for path in house.scratch.iterdir())),
            told=told,
            exact=exact,
            excused=excused,
        )


async def _is_over(house: Premises, bus: JetStream, admin: JetStream, asked: Asked) -> bool:
    try:
        for stage in PIPELINE:
            counts = await _counts(bus, stage)
            if held(counts):
                return False
        if await _run_keys(admin):  # of whoever died: it is the key's to expire
            return False
        last = await _last_fact(bus)
    except (Unavailable, ApiError):
        return False
    with psycopg.connect(house.database) as connection:
        position = _one(connection, "SELECT coalesce(max(seq), 0) FROM position")
        open_ = _one(
            connection,
            "SELECT (SELECT count(*) FROM projects WHERE state NOT IN"
            " ('ready', 'failed', 'cancelled'))"
            " + (SELECT count(*) FROM jobs WHERE state = 'waiting')"
            " + (SELECT count(*) FROM exports WHERE state = 'waiting')"
            " + (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting')"
            # What is to be removed is asked for by the clock.
            " + (SELECT count(*) FROM removals WHERE requested_at IS NULL)",
        )
        there = _one(connection, "SELECT count(*) FROM projects")
    return bool(position >= last and not open_ and there >= len(asked.accepted))


async def _counts(bus: JetStream, stage: Stage) -> Counts:
    each = (await bus.counts(stage)).values()
    return Counts(
        waiting=sum(one.waiting for one in each),
        active=sum(one.active for one in each),
        delayed=sum(one.delayed for one in each),
        deferred=sum(one.deferred for one in each),
        paused=any(one.paused for one in each),
    )


async def _facts(bus: JetStream) -> list[Entry]:
    """Every fact, one by one: a reader that shares nothing with the projector's."""
    found: list[Entry] = []
    after = 0
    while message := await _next(bus, after):
        found.append(stored(message))
        after = int(message["seq"])
    return found


async def _next(bus: JetStream, after: int) -> dict[str, Any] | None:
    asked = {"seq": after + 1, "next_by_subj": "facts.>"}
    try:
        reply = await bus.connection.api(f"STREAM.MSG.GET.{subjects.STREAM}", asked)
    except ApiError as error:
        if error.code == MISSING:
            return None
        raise
    message: dict[str, Any] = reply["message"]
    return message


async def _last_fact(bus: JetStream) -> int:
    try:
        reply = await bus.connection.api(
            f"STREAM.MSG.GET.{subjects.STREAM}", {"last_by_subj": "facts.>"}
        )
    except ApiError as error:
        if error.code == MISSING:
            return 0
        raise
    return int(reply["message"]["seq"])


async def _run_keys(admin: JetStream) -> Sequence[str]:
    """Run keys that are neither deleted nor expired."""
    try:
        info = await admin.connection.api(
            "STREAM.INFO.KV_progress", {"subjects_filter": "$KV.progress.>"}
        )
    except ApiError as error:
        if error.code == MISSING:
            return []
        raise
    left: list[str] = []
    for subject in info["state"].get("subjects") or {}:
        *_, job, part = subject.split(".")
        if not ids.is_id(job, "job"):
            continue  # how busy a stage is, which its workers tell each other there
        if await admin.running(job, None if part == "_" else int(part)) is not None:
            left.append(f"{job}.{part}")
    return left


async def _objects(store: S3Store) -> dict[str, str]:
    found = await store.find("", limit=MAX_OBJECTS)
    assert len(found) < MAX_OBJECTS
    hashes: dict[str, str] = {}
    for stat in found:
        with contextlib.suppress(NotFound):  # maintenance removes parts that are merged
            hashes[stat.key] = hashlib.sha256(await store.read(stat.key)).hexdigest()
    return hashes


def _rows(house: Premises) -> Rows:
    with psycopg.connect(house.database) as connection:
        every = connection.execute
        return Rows(
            projects=tuple(
                ProjectRow(*row)
                for row in every("SELECT id, state, failed_stage, failure_reason FROM projects")
            ),
            jobs=tuple(
                JobRow(*row) for row in every("SELECT id, stage, about, state, reason FROM jobs")
            ),
            exports=tuple(
                ExportRow(*row)
                for row in every("SELECT id, project_id, state, failure_reason FROM exports")
            ),
            clips=tuple((row[0], row[1]) for row in every("SELECT id, project_id FROM clips")),
            assets=tuple(row[0] for row in every("SELECT id FROM assets")),
            transcripts=tuple(row[0] for row in every("SELECT project_id FROM transcripts")),
            usage=tuple(UsageRow(*row) for row in every("SELECT ce_id, kind, amount FROM usage")),
            delivered=tuple(
                (row[0], row[1])
                for row in every("SELECT message_id, state FROM webhook_deliveries")
            ),
        )


def _one(connection: "psycopg.Connection[Any]", statement: str) -> int:
    row = connection.execute(statement).fetchone()
    assert row
    return int(row[0])
