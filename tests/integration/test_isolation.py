"""What each service may not do on the log, tried with its own password."""

import asyncio
import json
from datetime import timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import subjects
from clipforge_contracts.facts import Fact, ce_type, encode
from clipforge_contracts.permissions import (
    ADMIN,
    BACKUP,
    GATEWAY,
    GATEWAY_STATES,
    PROJECTOR,
    PROJECTOR_STATES,
    users,
)
from clipforge_contracts.pipeline import BY_STAGE, EXPORT, PIPELINE
from clipforge_runtime.jetstream import JetStream, holding
from clipforge_runtime.jetstream.client import Message
from clipforge_runtime.jetstream.connection import connect
from samples import TENANT, every_fact
from workshop import Gate, Workshop

pytestmark = pytest.mark.integration

SERVICES = sorted(set(users()) - {ADMIN})
STREAM = subjects.STREAM
DURABLES = {durable: stage.name for stage in PIPELINE for durable in subjects.durables(stage)}


def may_state(user: str, kind: type[Fact]) -> bool:
    """By the pipeline's table, told anew."""
    if user == GATEWAY:
        return kind in GATEWAY_STATES
    if user == PROJECTOR:
        return kind in PROJECTOR_STATES
    if user == BACKUP:
        return False
    return kind in (*BY_STAGE[user].states, facts.StageFailed)


async def refused(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, user: str, tried: list[str]
) -> list[str]:
    """Of the subjects that a service publishes to, those that the log refuses."""
    caplog.clear()
    async with workshop.connected(user) as bus:
        for subject in tried:
            await bus.connection.publish(subject, b"{}")
        await bus.connection.flush()
    return [one for one in tried if f'publish to "{one.lower()}"' in caplog.text.lower()]


async def state_of_the_log(workshop: Workshop) -> tuple[int, int, int]:
    """Its newest message, its messages and its durable consumers."""
    state = (await workshop.admin.api(f"STREAM.INFO.{STREAM}"))["state"]
    return state["last_seq"], state["messages"], state["consumer_count"]


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_states_its_own_facts_and_no_others(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, user: str
) -> None:
    foreign = [
        str(subjects.fact_subject(fact)) for fact in every_fact() if not may_state(user, type(fact))
    ]

    assert await refused(workshop, caplog, user, foreign) == foreign
    assert (await state_of_the_log(workshop))[:2] == (0, 0)

    own = [fact for fact in every_fact() if may_state(user, type(fact))]
    async with workshop.connected(user) as bus:
        for n, fact in enumerate(own, start=1):
            assert (await bus.state(fact, fact_id=f"evt_{n}")).sequence == n


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_reads_and_settles_its_own_queue_and_no_other(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, user: str
) -> None:
    foreign = [
        subject
        for durable, stage in DURABLES.items()
        if stage != user
        for subject in (
            f"crew.{stage}",
            f"$KV.progress.seats.{stage}.{TENANT}.0",
            f"$KV.progress.stages.{stage}.deferring",
            f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{durable}",
            f"$JS.ACK.{STREAM}.{durable}.1.1.1.1.0",
            f"$JS.API.CONSUMER.DELETE.{STREAM}.{durable}",
            f"$JS.API.CONSUMER.CREATE.{STREAM}.{durable}",
            f"$JS.API.CONSUMER.CREATE.{STREAM}.{durable}.facts.>",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{STREAM}.{durable}",
        )
    ]
    foreign += [
        f"{kind}.{stage.name}.high.l0.t.p.j"
        for kind in ("retries", "schedules")
        for stage in PIPELINE
        # The reconciler brings back to any queue what the log has lost.
        if stage.name != user and (user, kind) != (PROJECTOR, "retries")
    ]

    assert await refused(workshop, caplog, user, foreign) == foreign
    assert await state_of_the_log(workshop) == (0, 0, len(DURABLES))


@pytest.mark.parametrize("user", SERVICES)
async def test_no_service_can_change_or_empty_the_log(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, user: str
) -> None:
    before = await state_of_the_log(workshop)
    calls = ["DELETE", "PURGE", "UPDATE", "CREATE", "RESTORE", "SNAPSHOT", "MSG.DELETE"]
    if user == PROJECTOR:
        calls.remove("PURGE")  # it makes room: what is over goes, by its subject
    if user == BACKUP:
        calls.remove("SNAPSHOT")
    tried = [
        *(f"$JS.API.STREAM.{call}.{STREAM}" for call in calls),
        "$JS.API.STREAM.CREATE.ANOTHER",
        "$JS.API.STREAM.DELETE.KV_progress",
        "$JS.API.STREAM.PURGE.KV_progress",
        f"$JS.API.CONSUMER.LEADER.STEPDOWN.{STREAM}.import-high-l0",
        "$JS.API.ACCOUNT.PURGE.x",
        f"$JS.SNAPSHOT.RESTORE.{STREAM}.piece",
        "$SYS.REQ.SERVER.PING",
        "anything.else",
    ]

    assert await refused(workshop, caplog, user, tried) == tried
    assert await state_of_the_log(workshop) == before


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_cannot_listen_to_what_is_not_for_it(
    workshop: Workshop, caplog: pytest.LogCaptureFixture, user: str
) -> None:
    def hear(_: Message) -> None:
        """Nothing comes."""

    tried = [">", "facts.>", "retries.>", "$JS.>", "_INBOX.>", "facts.api-key-saved.>"]
    tried += [f"_INBOX_{other}.>" for other in users() if other != user]
    tried += ["crew.>", *(f"crew.{stage.name}" for stage in PIPELINE if stage.name != user)]
    async with workshop.connected(user) as bus:
        for subject in tried:
            await bus.connection.subscribe(subject, hear)
        await bus.connection.flush()

    refusals = caplog.text.lower()
    assert [one for one in tried if f'subscription to "{one.lower()}"' not in refusals] == []


async def schedule(bus: JetStream, fact: Fact, when: str, target: subjects.Subject) -> None:
    """As import's own retry is, but for what it becomes."""
    answer = await bus.connection.request(
        "schedules.import.high.l0.t.p.j.1",
        encode(fact),
        headers={
            "ce-id": "evt_forged",
            "ce-type": ce_type(fact),
            "Nats-Schedule": when,
            "Nats-Schedule-Target": str(target),
        },
    )
    assert "error" not in json.loads(answer.data)


@pytest.mark.parametrize("target", ["facts", "retries"])
async def test_a_schedule_is_no_way_around_the_permissions(workshop: Workshop, target: str) -> None:
    """The server delivers it anywhere, whoever wrote it; so readers look where it comes from."""
    [fact] = [fact for fact in every_fact() if isinstance(fact, facts.ExportRequested)]
    subject = subjects.fact_subject(fact)
    if target == "retries":
        subject = subjects.retry(subject, EXPORT, EXPORT.job(fact))
    gate = Gate()
    async with workshop.connected("import") as bus, workshop.working(gate, stage=EXPORT):
        await schedule(bus, fact, "@at 2020-01-01T00:00:00Z", subject)
        failure = await workshop.failure()
        await workshop.idle(EXPORT)

    assert gate.calls == 0
    assert failure.reason == "unreadable"
    assert all(entry.fact is None for entry in await workshop.log("facts.export-requested.>"))


@pytest.mark.parametrize("when", ["@at 2100-01-01T00:00:00Z", "@every 1h"])
async def test_a_schedule_that_is_delivered_late_is_no_way_around_the_permissions_either(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """What delivers it may state more than its writer."""
    [fact] = [fact for fact in every_fact() if isinstance(fact, facts.ExportRequested)]
    async with workshop.connected("import") as bus:
        await schedule(bus, fact, when, subjects.retry(subjects.fact_subject(fact), EXPORT, "j"))
    monkeypatch.setattr(holding, "OVERDUE", timedelta(days=-365_000))

    async with workshop.connected("projector") as bus:
        delivered = await bus.wake_overdue(0)

    assert delivered == (0, 0)
    assert await workshop.log("retries.>") == []
    assert await workshop.log("schedules.>") == []


async def test_whoever_takes_backups_cannot_read_the_log_otherwise(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    tried = [
        f"$JS.API.STREAM.MSG.GET.{STREAM}",
        f"$JS.API.STREAM.INFO.{STREAM}",
        f"$JS.API.CONSUMER.CREATE.{STREAM}.reader",
        "$JS.API.STREAM.SNAPSHOT.KV_progress",
    ]

    assert await refused(workshop, caplog, BACKUP, tried) == tried


async def test_only_the_gateway_pauses_a_queue(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    pause = f"$JS.API.CONSUMER.PAUSE.{STREAM}.import-high-l0"

    for user in SERVICES:
        denied = await refused(workshop, caplog, user, [pause])
        assert denied == ([] if user == GATEWAY else [pause])


async def test_nobody_enters_without_a_password(workshop: Workshop) -> None:
    wrong = workshop.settings.model_copy(
        update={"nats_url": workshop.server.url("gateway").replace("gateway:", "gateway:x")}
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), connect(wrong.nats_url, "gateway"):
            pass
