"""A machine whose clock is wrong: it is seen, and what goes by the log's time is right."""

import logging
import time
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from clipforge.v1 import facts_pb2 as facts
from clipforge_runtime import worker
from clipforge_runtime.errors import Transient
from clipforge_runtime.jetstream import clock, log
from workshop import Workshop, import_at_once

pytestmark = pytest.mark.integration

HOUR = timedelta(hours=1)


class Ahead(datetime):
    """A clock that is an hour ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + HOUR


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our clock is an hour ahead of the server's."""
    wrong = SimpleNamespace(time=lambda: time.time() + 3600, monotonic=time.monotonic)
    monkeypatch.setattr(clock, "time", wrong)
    for module in (log, worker):
        monkeypatch.setattr(module, "datetime", Ahead)


def skew() -> float:
    return REGISTRY.get_sample_value("clipforge_clock_skew_seconds") or 0.0


async def test_a_clock_that_is_wrong_is_measured_and_said_once(
    workshop: Workshop, ahead: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with workshop.connected("import") as bus:
        for other in (workshop.gateway, bus):
            await other.clock.look()
        caplog.clear()  # they have said so
        own = clock.Clock(bus.connection)
        await own.look()
        await own.look()
        away = skew()

    assert 3590 < away < 3610
    said = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    [warning] = [one for one in said if "clock" in one]
    assert "3600." in warning or "3599." in warning
    assert "ahead of the log's" in warning


async def test_a_clock_that_is_right_is_not_complained_of(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    async with workshop.connected("import") as bus:
        await bus.clock.look()
        here = bus.clock.now()

    assert abs(skew()) < 1
    assert abs(here - datetime.now(UTC)) < timedelta(seconds=1)
    assert "clock" not in caplog.text


async def test_a_retry_of_a_worker_whose_clock_is_an_hour_ahead_comes_in_time(
    workshop: Workshop, ahead: None
) -> None:
    tries = 0

    async def fail_once(cause: facts.ProjectSubmitted) -> facts.VideoImported:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Transient("The site does not answer.")
        return await import_at_once(cause)

    async with workshop.working(fail_once) as shift:
        await shift.bus.clock.look()
        await workshop.submit("film")

        [done] = await workshop.hear(facts.VideoImported)

    assert done.headers["cf-attempt"] == "2"


async def test_what_is_due_is_judged_by_the_time_of_the_log(
    workshop: Workshop, ahead: None
) -> None:
    """A projector whose clock is ahead would else remove films before their time."""
    async with workshop.connected("projector") as bus:
        told = await bus.clock.true()

    assert abs(told - datetime.now(UTC)) < timedelta(seconds=60)
