"""The autoscalers that the chart renders for production, played over what arrives.

The bounds are promises: who waits how long, how much work is done twice, how restless a stage is.
"""

from collections.abc import Callable

import pytest

from autoscaling import traces
from autoscaling.hpa import Hpa
from autoscaling.stage import Course, Job, run
from chart.scenarios import golden, needs_helm, of_kind

pytestmark = needs_helm()

DRAIN_SHARE = 0.6  # of the grace period; the rest is for handing back (clipforge_runtime.slots)
STAGES = ("import", "transcription", "export")
TRACES: dict[str, Callable[[], list[Job]]] = {
    "steady": lambda: traces.steady(an_hour=120, mean_seconds=120),
    "burst": lambda: traces.burst(count=120, mean_seconds=120),
    "three hours of film": lambda: traces.long_film(minutes=180, part_minutes=5, factor=0.2),
    "flood": lambda: traces.flood(count=2000, mean_seconds=120),
}
every_stage = pytest.mark.parametrize("stage", STAGES)
every_trace = pytest.mark.parametrize("trace", TRACES)


def play(stage: str, jobs: list[Job], *, idle_first: bool = False) -> Course:
    rendered = golden("production")
    hpa = Hpa.of(of_kind(rendered, "HorizontalPodAutoscaler")[stage])
    grace = float(of_kind(rendered, "ConfigMap")[stage]["data"]["CLIPFORGE_GRACE_SECONDS"])
    drain = int(grace * DRAIN_SHARE)
    return run(jobs, hpa, slots=int(hpa.target), drain=drain, idle_first=idle_first)


@every_stage
def test_a_steady_stream_hardly_waits(stage: str) -> None:
    course = play(stage, TRACES["steady"]())

    assert course.wait(0.5) == 0
    assert course.wait(0.95) <= 60
    assert course.turns <= 45, "in three hours"


@every_stage
def test_a_whole_shelf_is_begun_within_four_minutes(stage: str) -> None:
    course = play(stage, TRACES["burst"]())

    assert course.wait(1) <= 240
    assert course.turns <= 2


@every_stage
def test_the_parts_of_a_long_film_are_all_begun_within_two_minutes(stage: str) -> None:
    course = play(stage, TRACES["three hours of film"]())

    assert course.wait(1) <= 120
    assert course.busy_ended == 0


@every_stage
def test_a_flood_is_taken_in_within_its_hour_and_a_half(stage: str) -> None:
    course = play(stage, TRACES["flood"]())

    assert course.wait(0.95) <= 300
    assert course.over <= 5400


@every_trace
@every_stage
def test_what_is_done_twice_is_a_small_part_of_the_work(stage: str, trace: str) -> None:
    assert play(stage, TRACES[trace]()).repeated <= 0.08


@every_trace
@every_stage
def test_pods_that_say_what_their_end_costs_repeat_next_to_nothing(stage: str, trace: str) -> None:
    blind, told = (play(stage, TRACES[trace](), idle_first=one) for one in (False, True))

    assert told.busy_ended <= blind.busy_ended
    assert told.repeated <= 0.02
    assert told.pod_seconds <= blind.pod_seconds


@every_stage
def test_no_more_pods_are_held_than_the_work_is_worth(stage: str) -> None:
    jobs = TRACES["flood"]()
    rendered = of_kind(golden("production"), "HorizontalPodAutoscaler")[stage]
    slots = Hpa.of(rendered).target

    course = play(stage, jobs)

    work = sum(job.seconds for job in jobs) / slots
    assert course.pod_seconds <= 1.5 * work
