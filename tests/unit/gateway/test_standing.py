"""How far jobs are: one number that never goes back, whatever their parts report."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clipforge_gateway import standing
from clipforge_gateway.standing import Standings, fold
from clipforge_runtime.bus import Progress


def report(percent: float, part: int | None = None, of: int = 1, attempt: int = 1) -> Progress:
    return Progress("job", "me", attempt, percent, "at work", part=part, parts=of)


def test_a_job_in_one_piece_is_as_far_as_it_says() -> None:
    assert fold([report(40)]) == 40
    assert fold([]) == 0


def test_parts_before_the_last_that_runs_are_done() -> None:
    assert fold([report(50, 0, 4), report(30, 1, 4)]) == 20
    assert fold([report(50, 2, 4)]) == 62.5
    assert fold([report(0, 1, 4), report(0, 3, 4)]) == 50


def test_a_part_that_ends_takes_nothing_back() -> None:
    known = Standings()
    known.hear(report(99, 0, 3))
    known.hear(report(10, 1, 3))
    both = known.of("job", [report(99, 0, 3), report(10, 1, 3)]).percent

    alone = known.of("job", [report(11, 1, 3)]).percent

    assert both == 36.3
    assert alone == 37


def test_a_second_attempt_shows_once_it_is_past_the_first() -> None:
    known = Standings()
    known.hear(report(60))

    again = known.of("job", [report(5, attempt=2)])
    between = known.of("job")
    past = known.of("job", [report(70, attempt=2)])

    assert (again.percent, again.now, again.attempt) == (60, 5, 2)
    assert (between.percent, between.step, between.running) == (60, "waiting", False)
    assert past.percent == 70


def test_what_earlier_attempts_came_to_is_known_to_whoever_starts_in_between() -> None:
    late = Standings()

    told = late.hear(replace(report(5, attempt=2), furthest=60))
    asked = Standings().of("job", [replace(report(5, attempt=2), furthest=60)])

    assert told.percent == 60
    assert (asked.percent, asked.now, asked.attempt) == (60, 5, 2)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.floats(0, 100), st.booleans()), min_size=1, max_size=30
    )
)
def test_nothing_that_is_told_of_a_job_goes_back(
    reports: list[tuple[int, float, bool]],
) -> None:
    known = Standings()
    running: dict[int, Progress] = {}
    told: list[float] = []

    for part, percent, ends in reports:
        running[part] = report(percent, part, 6)
        told.append(known.hear(running[part]).percent)
        told.append(known.of("job", running.values()).percent)
        if ends:
            del running[part]
        told.append(known.of("job", running.values()).percent)

    assert told == sorted(told)
    assert all(0 <= percent <= 100 for percent in told)


def test_a_gateway_that_has_just_started_says_much_the_same() -> None:
    old, new = Standings(), Standings()
    for n in range(3):
        old.hear(report(100, n, 6))
    running = [report(20, 3, 6), report(40, 4, 6)]

    assert old.of("job", running).percent == new.of("job", running).percent == 60


def test_so_many_jobs_are_remembered_and_no_more() -> None:
    known = Standings()

    for n in range(standing.REMEMBERED + 10):
        known.hear(Progress(f"job-{n}", "me", 1, 50, "at work"))

    assert known.of("job-0").percent == 0
    assert known.of(f"job-{standing.REMEMBERED}").percent == 50
