"""The autoscalers that the chart renders for production, played over what arrives.

The bounds are promises: who waits how long, how much work is done twice, how restless a stage is.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from autoscaling import traces
from autoscaling.hpa import Hpa
from autoscaling.stage import Course, run
from autoscaling.traces import (
    CLIP_DETECTION,
    EXPORT,
    HOUR,
    IMPORT,
    TRANSCRIPTION,
    WEBHOOKS,
    Work,
)
from autoscaling.waiting import Job
from chart.scenarios import golden, needs_helm, of_kind
from clipforge_contracts.pipeline import BY_STAGE, PIPELINE
from clipforge_contracts.plans import Plan
from clipforge_runtime.slots import DRAIN_SHARE

pytestmark = needs_helm()

WORK = {work.stage: work for work in (IMPORT, TRANSCRIPTION, CLIP_DETECTION, EXPORT, WEBHOOKS)}
QUICKLY = (600, 200)  # seconds of a stream, and of a flood: they bring webhooks enough
TRACES: dict[str, Callable[[Work, int], list[Job]]] = {
    "steady": lambda work, _: traces.steady(
        work, pods=2.5, seconds=QUICKLY[0] if work is WEBHOOKS else HOUR
    ),
    "burst": lambda work, _: traces.burst(work, pods=60),
    "three hours of film": lambda work, _: traces.long_film(work),
    "flood": lambda work, most: traces.flood(
        work, pods=most, seconds=QUICKLY[1] if work is WEBHOOKS else HOUR // 2
    ),
}
every_stage = pytest.mark.parametrize("stage", WORK)
every_trace = pytest.mark.parametrize("trace", TRACES)


@cache
def play(stage: str, trace: str, *, blind: bool = False, alike: bool = False) -> Course:
    """`blind`: pods do not say what their end would cost. `alike`: paying jobs are free ones."""
    work, hpa = WORK[stage], autoscaler(stage)
    settings = of_kind(golden("production"), "ConfigMap")[stage]["data"]
    jobs = TRACES[trace](work, hpa.most)
    if alike:
        jobs = [replace(job, priority=work.of(Plan.FREE)) for job in jobs]
    return run(
        jobs,
        hpa,
        slots=int(hpa.target),
        drain=int(float(settings["CLIPFORGE_GRACE_SECONDS"]) * DRAIN_SHARE),
        free=work.of(Plan.FREE),
        idle_first=not blind and tells_cost(stage),
    )


def autoscaler(stage: str) -> Hpa:
    return Hpa.of(of_kind(golden("production"), "HorizontalPodAutoscaler")[stage])


def tells_cost(stage: str) -> bool:
    return (
        "CLIPFORGE_POD_DELETION_COST" in of_kind(golden("production"), "ConfigMap")[stage]["data"]
    )


def test_every_stage_that_is_scaled_is_played() -> None:
    assert WORK.keys() == {stage.name for stage in PIPELINE if not stage.exclusive}
    for work in WORK.values():
        assert work.slots == BY_STAGE[work.stage].concurrency == autoscaler(work.stage).target


@every_stage
def test_a_stage_waits_with_going_down_for_as_long_as_its_jobs_take(stage: str) -> None:
    window = autoscaler(stage).behavior["scaleDown"]["stabilizationWindowSeconds"]

    # Where nobody says who is idle, a pod that goes is likely to be a busy one.
    jobs = 1 if tells_cost(stage) else 3
    assert max(60, jobs * WORK[stage].median) <= window <= 600


@every_stage
def test_a_steady_stream_hardly_waits(stage: str) -> None:
    course = play(stage, "steady")

    assert course.wait(0.5) == 0
    assert course.wait(0.95) <= 30
    assert course.turns <= 24, "in an hour"
    assert course.busy_ended <= 3


@every_stage
def test_a_whole_shelf_is_begun_within_four_minutes(stage: str) -> None:
    course = play(stage, "burst")

    assert course.wait(1) <= 240
    assert course.turns <= 1
    assert course.busy_ended <= 1


@every_stage
def test_what_a_film_of_three_hours_makes_is_begun_within_three_minutes(stage: str) -> None:
    course = play(stage, "three hours of film")

    assert course.wait(1) <= 180
    assert course.turns <= 1
    assert course.busy_ended == 0


@every_stage
def test_a_flood_of_free_work_is_done_and_a_paying_job_beside_it_hardly_waits(stage: str) -> None:
    free, paying = WORK[stage].of(Plan.FREE), WORK[stage].of(Plan.PRO)

    course, alike = play(stage, "flood"), play(stage, "flood", alike=True)

    assert course.wait(0.95, paying) <= 10
    assert course.wait(1, paying) <= 60
    # Without a priority of its own it would wait as all others do.
    assert 10 * course.wait(0.95, paying) <= alike.wait(0.5, free)
    assert course.wait(1, free) <= 3600
    assert course.over <= 5400
    assert course.turns <= 1
    assert course.busy_ended <= 1


@every_trace
@every_stage
def test_next_to_nothing_is_done_twice(stage: str, trace: str) -> None:
    assert play(stage, trace).repeated <= 0.01


@every_trace
@pytest.mark.parametrize("stage", [TRANSCRIPTION.stage, CLIP_DETECTION.stage, EXPORT.stage])
def test_pods_that_say_what_their_end_costs_are_ended_idle(stage: str, trace: str) -> None:
    blind, told = (play(stage, trace, blind=one) for one in (True, False))

    assert told.busy_ended <= blind.busy_ended
    assert told.repeated <= blind.repeated
    assert told.pod_seconds <= 1.01 * blind.pod_seconds


@pytest.mark.parametrize(("trace", "times"), [("steady", 2), ("flood", 2.3)])
@every_stage
def test_no_more_pods_are_held_than_the_work_is_worth(stage: str, trace: str, times: float) -> None:
    """Through a flood there are more: while free work is held back, pods are idle."""
    work, most = WORK[stage], autoscaler(stage).most
    seconds = sum(job.seconds for job in TRACES[trace](work, most))

    assert play(stage, trace).pod_seconds <= times * seconds / work.slots
