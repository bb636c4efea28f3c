"""The log is killed and comes back on the same folder: everybody goes on, and nothing is lost."""

import asyncio
import os
import signal
from dataclasses import replace
from datetime import timedelta

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_runtime.bus import Unavailable
from clipforge_runtime.jetstream import JetStream, connection, publishing
from clipforge_standalone.servers.nats import NatsServer
from workshop import (
    PATIENCE,
    QUICK,
    Gate,
    Workshop,
    eventually,
    import_at_once,
    submission,
    without,
)

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked of a server that was killed is asked anew sooner."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 1.0)


async def test_an_idle_worker_goes_on_after_the_log_was_killed(workshop: Workshop) -> None:
    async with workshop.working(import_at_once):
        await workshop.polled()

        with without(workshop.server):
            pass
        await workshop.submit("film")
        [entry] = await workshop.hear(facts.VideoImported)

    assert entry.headers["cf-crashes"] == "0"


async def test_what_was_stated_before_the_kill_is_there_after_it(workshop: Workshop) -> None:
    for n in range(20):
        await workshop.submit(f"film {n}")

    with without(workshop.server):
        pass

    heard = await workshop.hear(facts.ProjectSubmitted, 20)
    assert [entry.sequence for entry in heard] == list(range(1, 21))


async def test_a_fact_stated_while_the_log_is_away_is_stated_once_it_is_back(
    workshop: Workshop,
) -> None:
    async def nobody_is_there() -> bool:
        return not workshop.gateway.connection.connected

    with without(workshop.server):
        await eventually(nobody_is_there)
        stating = asyncio.create_task(workshop.submit("film"))
        await asyncio.sleep(0)  # it is on its way
        assert not stating.done()
    await stating

    assert len(await workshop.log()) == 1


async def test_what_was_given_up_while_the_log_was_away_does_not_come_true_later(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told 503 may ask for it once more, or for something else."""

    async def nobody_is_there() -> bool:
        return not workshop.gateway.connection.connected

    with without(workshop.server), monkeypatch.context() as hurried:
        hurried.setattr(publishing, "CONFIRM_SECONDS", 0)
        await eventually(nobody_is_there)
        with pytest.raises(Unavailable):
            await workshop.submit("given up")
    await workshop.submit("later")

    [entry] = await workshop.hear(facts.ProjectSubmitted)
    assert len(await workshop.log()) == 1
    assert entry.fact == submission("later")


async def test_a_job_that_runs_through_an_outage_longer_than_its_lease_is_done_once(
    workshop: Workshop,
) -> None:
    """The log hands it over again; the worker that runs it takes that for what it is."""
    stage = replace(QUICK, lease=timedelta(seconds=1), stall=timedelta(seconds=60))
    await workshop.hurry(stage)
    gate = Gate()
    await workshop.submit("film")
    async with workshop.working(gate, stage=stage, concurrency=2) as shift:
        await gate.began()
        with without(workshop.server):
            await asyncio.sleep(1.2)  # the lease ends meanwhile
        [running] = shift.worker.running
        async with asyncio.timeout(PATIENCE):
            while len(running.deliveries) < 2:  # noqa: ASYNC110  (the second hand-over)
                await asyncio.sleep(0.02)

        gate.open()
        [entry] = await workshop.hear(facts.VideoImported)
        await workshop.idle(stage)

    assert gate.calls == 1
    assert (entry.headers["cf-attempt"], entry.headers["cf-crashes"]) == ("1", "0")


async def test_jobs_that_end_during_an_outage_are_settled_after_it(workshop: Workshop) -> None:
    gate, ended = Gate(), 0

    async def work(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal ended
        film = await gate(cause)
        ended += 1
        return film

    async def all_have_ended() -> bool:  # and want to state what they have done
        return ended == 4

    for n in range(4):
        await workshop.submit(f"film {n}")
    async with workshop.working(work, concurrency=4):
        for _ in range(4):
            await gate.began()
        with without(workshop.server):
            gate.open()
            await eventually(all_have_ended)

        await workshop.hear(facts.VideoImported, 4)
        await workshop.idle()

    assert gate.calls == 4
    assert len(await workshop.log("facts.video-imported.>")) == 4


async def test_a_reader_goes_on_where_it_was(workshop: Workshop) -> None:
    """Every fact once, and in order, over two deaths of the log."""
    following = workshop.gateway.follow(after=0)
    seen: list[int] = []
    for round_ in range(3):
        for n in range(5):
            await workshop.submit(f"film {round_}-{n}")
        while len(seen) < 5 * (round_ + 1):
            entry = await asyncio.wait_for(anext(following), PATIENCE)
            seen.append(entry.sequence)
        if round_ < 2:
            with without(workshop.server):
                pass
    await following.aclose()

    assert seen == list(range(1, 16))


async def test_a_worker_outlives_an_outage_in_the_midst_of_handing_over(workshop: Workshop) -> None:
    names = [f"film {n}" for n in range(30)]
    await workshop.hurry(QUICK)
    async with (
        workshop.working(import_at_once, stage=QUICK, concurrency=2),
        workshop.working(import_at_once, stage=QUICK, concurrency=2),
    ):
        for name in names[:15]:
            await workshop.submit(name)
        with without(workshop.server):
            pass
        for name in names[15:]:
            await workshop.submit(name)

        await workshop.hear(facts.VideoImported, len(names))
        await workshop.idle()

    stated = await workshop.log("facts.video-imported.>")
    assert sorted(entry.fact.title for entry in stated) == sorted(names)  # type: ignore[union-attr]


async def test_a_log_that_stays_away_is_said_to_be(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "CONFIRM_SECONDS", 0.3)
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.2)

    with without(workshop.server), pytest.raises(Unavailable, match="did not confirm"):
        await workshop.gateway.state(submission("film"), fact_id=ids.derive("evt", "film"))


async def test_a_password_that_is_withdrawn_ends_the_connection_with_a_word(
    workshop: Workshop, nats_server: NatsServer
) -> None:
    """Whoever holds it must not go on as if nothing were: the process ends, and begins anew."""

    async def hold() -> None:
        async with JetStream.connect(workshop.user("import"), name="import"):
            connected.set()
            await asyncio.Event().wait()

    connected = asyncio.Event()
    holding = asyncio.create_task(hold())
    await connected.wait()
    changed = replace(nats_server, passwords={**nats_server.passwords, "import": "another"})
    nats_server._config.write_text(changed.configuration())

    os.kill(nats_server.child.pid, signal.SIGHUP)

    with pytest.raises(Unavailable, match="closed the connection"):
        await asyncio.wait_for(holding, PATIENCE)
