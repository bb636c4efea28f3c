"""A service as its supervisor sees it: settings, probes, metrics, logs, signals, sudden death."""

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.database import open_database
from clipforge_catalog.tables import Job, Transcript, Usage
from clipforge_contracts import ids
from clipforge_contracts.pipeline import TRANSCRIPTION
from clipforge_projector import projector
from clipforge_runtime.bus import Counts
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.process import Child
from workshop import QUICK, Workshop, eventually, import_at_once, quick, submission, without

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).parents[1] / "stage_process.py"
TRACE = "0af7651916cd43dd8448eb211c80319c"


class StageProcess(Child):
    """stage_process.py, its admin port and its folder."""

    def __init__(self, folder: Path, name: str, stage: str, env: dict[str, str]) -> None:
        self.admin = ports.free()
        self.folder = folder
        super().__init__(
            name,
            [sys.executable, str(PROGRAM), stage],
            folder / f"{name}.log",
            env={"PATH": os.environ["PATH"], "CLIPFORGE_ADMIN_PORT": str(self.admin), **env},
        )

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.admin}{path}", timeout=8
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    async def answers(self, path: str, status: int) -> None:
        """Wait until it answers so."""

        async def answered() -> bool:
            return (await asyncio.to_thread(self.get, path))[0] == status

        await eventually(answered)

    async def begun(self) -> None:
        """Wait until it works on a film that hangs, or blocks it."""

        async def there() -> bool:
            return (self.folder / f"begun-{self.pid}").exists()

        await eventually(there)

    async def counts(self, outcome: str, stage: str) -> None:
        """Wait until it has settled one delivery in this way."""

        async def counted() -> bool:
            _, text = await asyncio.to_thread(self.get, "/metrics")
            labels = f'outcome="{outcome}",stage="{stage}"'
            return f"clipforge_deliveries_total{{{labels}}} 1.0" in text

        await eventually(counted)

    async def ended(self) -> int | None:
        """Its exit code, once it has ended by itself."""

        async def over() -> bool:
            return not self.running

        await eventually(over)
        return self.exit_code

    @property
    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


Start = Callable[..., StageProcess]


@pytest.fixture
def start(workshop: Workshop, tmp_path: Path) -> Iterator[Start]:
    """Start stages in processes of their own; what still runs at the end is killed."""
    started: list[StageProcess] = []

    def start_one(stage: str = "import", **changed: str) -> StageProcess:
        env = {
            "CLIPFORGE_NATS_URL": workshop.user(stage).nats_url,
            "CLIPFORGE_S3_ENDPOINT": "http://127.0.0.1:1",
            "CLIPFORGE_S3_ACCESS_KEY": "none",
            "CLIPFORGE_S3_SECRET_KEY": "hunter2",
            "CLIPFORGE_DATA_DIR": str(tmp_path),
            "CLIPFORGE_GRACE_SECONDS": "2",
            **changed,
        }
        process = StageProcess(tmp_path, f"stage-{len(started)}", stage, env)
        started.append(process)
        process.start()
        return process

    yield start_one
    for process in started:
        process.kill()


async def test_a_worker_that_is_killed_costs_a_crash_and_no_attempt(
    workshop: Workshop, start: Start, tmp_path: Path
) -> None:
    await workshop.hurry(QUICK)
    first = start()
    await workshop.submit("hang")
    await first.begun()

    os.kill(first.pid, signal.SIGKILL)
    (tmp_path / "open").touch()
    start()
    [entry] = await workshop.hear(facts.VideoImported)

    assert (entry.headers["cf-attempt"], entry.headers["cf-crashes"]) == ("1", "1")
    await workshop.idle()
    assert len(await workshop.log("facts.video-imported.>")) == 1


async def test_a_limit_that_an_operator_sets_holds_over_all_processes(
    workshop: Workshop, start: Start, tmp_path: Path
) -> None:
    for _ in range(2):
        start(CLIPFORGE_RUNNING_LIMIT_BUSINESS="1")
    await workshop.submit("hang")
    other = submission("hang")
    other.project.project_id = ids.derive("prj", "another")
    await workshop.gateway.state(other, fact_id=ids.derive("evt", "another"), once=True)

    async def settled() -> bool:
        return await workshop.counts() == Counts(0, 1, 0, paused=False, deferred=1)

    await eventually(settled)
    (tmp_path / "open").touch()
    done = await workshop.hear(facts.VideoImported, 2)

    assert [entry.headers["cf-attempt"] for entry in done] == ["1", "1"]


@pytest.mark.parametrize("wakes", ["after its successor has ended", "while its successor works"])
async def test_a_worker_that_was_frozen_for_longer_than_its_lease_leaves_one_result_and_one_charge(
    workshop: Workshop, start: Start, tmp_path: Path, database_url: str, wakes: str
) -> None:
    stage = quick(TRANSCRIPTION)
    await workshop.hurry(stage)
    film = await import_at_once(await workshop.submit("hang"))
    async with workshop.connected("import") as importer:
        await importer.state(film, fact_id=ids.derive("evt", "hang", "imported"), once=True)
    zombie = start(stage.name)
    await zombie.begun()

    os.kill(zombie.pid, signal.SIGSTOP)
    successor = start(stage.name)
    await successor.begun()  # the lease is over, and so is the run key
    if wakes == "while its successor works":
        os.kill(zombie.pid, signal.SIGCONT)
        await zombie.answers("/health/live", 200)
    (tmp_path / "open").touch()
    await successor.counts("completed", stage.name)
    if wakes == "after its successor has ended":
        os.kill(zombie.pid, signal.SIGCONT)
    await zombie.counts("completed", stage.name)

    await workshop.idle(stage)
    [result] = await workshop.log("facts.video-transcribed.>")
    async with workshop.connected("projector") as bus, open_database(database_url) as sessions:
        await projector.project(sessions, bus, batch=10, until=await bus.last_fact())
        async with sessions() as session:
            jobs = (await session.exec(select(Job).where(Job.stage == stage.name))).all()
            transcripts = (await session.exec(select(Transcript))).all()
            charges = (await session.exec(select(Usage))).all()
    assert [(job.state, job.attempts) for job in jobs] == [("completed", 1)]
    # Of two at work at once either may be first; the frozen one knows of no crash.
    assert jobs[0].crashes in ((1,) if wakes == "after its successor has ended" else (0, 1))
    assert [row.key for row in transcripts] == [result.fact.transcript_key]  # type: ignore[union-attr]
    assert [(row.ce_id, row.amount) for row in charges] == [
        (result.fact_id, film.media.duration_ms)
    ]


async def test_a_service_is_ready_while_it_has_its_log(workshop: Workshop, start: Start) -> None:
    stage = start()
    await stage.answers("/health/ready", 200)
    live, _ = stage.get("/health/live")

    with without(workshop.server):
        await stage.answers("/health/ready", 503)
        _, body = stage.get("/health/ready")
        live_without, _ = stage.get("/health/live")
    await stage.answers("/health/ready", 200)

    assert (live, live_without) == (200, 200)
    assert json.loads(body) == {"ready": False, "checks": {"log": False}}


async def test_a_service_that_still_waits_for_its_log_is_alive_but_not_ready_and_stops_when_asked(
    start: Start,
) -> None:
    stage = start(CLIPFORGE_NATS_URL=f"nats://import:secret@127.0.0.1:{ports.free()}")
    await stage.answers("/health/live", 200)
    ready, _ = stage.get("/health/ready")

    os.kill(stage.pid, signal.SIGTERM)

    assert ready == 503
    assert await stage.ended() == 0
    assert "secret" not in stage.log.read_text()


async def test_a_service_that_is_asked_to_stop_is_not_ready_and_hands_back_what_it_runs(
    workshop: Workshop, start: Start, tmp_path: Path
) -> None:
    stage = start()
    await workshop.submit("hang")
    await stage.begun()

    os.kill(stage.pid, signal.SIGTERM)

    await stage.answers("/health/ready", 503)
    assert await stage.ended() == 0
    counts = await workshop.counts()
    assert (counts.waiting, counts.active, counts.delayed) == (1, 0, 0)


async def test_a_blocked_event_loop_is_seen_from_outside(
    workshop: Workshop, start: Start, tmp_path: Path
) -> None:
    stage = start()
    await workshop.submit("block")
    await stage.begun()

    live, ready = await asyncio.gather(
        asyncio.to_thread(stage.get, "/health/live"), asyncio.to_thread(stage.get, "/health/ready")
    )
    (tmp_path / "open").touch()

    assert live[0] == 503
    assert json.loads(ready[1]) == {"ready": False, "checks": {"event_loop": False}}
    await stage.answers("/health/live", 200)


async def test_metrics_and_logs_tell_of_a_delivery_and_of_no_secret(
    workshop: Workshop, start: Start
) -> None:
    stage = start()
    fact = submission("film")
    await workshop.gateway.state(
        fact,
        fact_id=ids.derive("evt", "film"),
        headers={"traceparent": f"00-{TRACE}-{'b7' * 8}-01"},
    )
    [entry] = await workshop.hear(facts.VideoImported)
    await stage.counts("completed", "import")
    _, text = stage.get("/metrics")
    os.kill(stage.pid, signal.SIGTERM)
    await stage.ended()

    [line] = [line for line in stage.lines if line["message"].startswith("taking in")]
    assert line["trace_id"] == TRACE
    assert line["project"] == fact.project.project_id
    assert {"time", "level", "service", "logger", "job", "attempt", "tenant"} <= set(line)
    assert TRACE in entry.headers["traceparent"]
    assert 'clipforge_slots{stage="import"} 1.0' in text
    everything = stage.log.read_text()
    for secret in ("secret", "hunter2", workshop.server.passwords["import"]):
        assert secret not in everything


async def test_settings_that_are_missing_or_wrong_stop_the_boot_in_words(start: Start) -> None:
    stage = start(
        CLIPFORGE_NATS_URL="import:hunter2@log:4222",
        CLIPFORGE_S3_ENDPOINT="",
        CLIPFORGE_GRACE_SECONDS="soon",
        CLIPFORGE_LOG_LEVEL="LOUD",
    )

    assert await stage.ended() == 78
    said = stage.log.read_text().splitlines()
    assert len(said) == 4
    assert "CLIPFORGE_NATS_URL must begin with nats:// or tls://" in said[0]
    assert any(line.startswith("CLIPFORGE_GRACE_SECONDS is not usable") for line in said)
    assert any("'LOUD', not one of DEBUG" in line for line in said)
    assert "hunter2" not in stage.log.read_text()


async def test_a_port_that_is_taken_is_said_in_words(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        stage = start(CLIPFORGE_ADMIN_PORT=str(port))
        code = await stage.ended()

    assert code == 1
    assert f"CLIPFORGE_ADMIN_PORT: cannot listen on 127.0.0.1:{port}" in stage.log.read_text()
