"""In which lane the next job of a tenant goes. On a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from clipforge_catalog.database import Sessions, open_database
from clipforge_catalog.queries import jobs
from clipforge_catalog.tables import Job, JobState, Position, now
from clipforge_contracts import ids, subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import PIPELINE
from clipforge_contracts.plans import Priority
from clipforge_gateway.submissions import Submissions
from samples import PROJECT, TENANT

pytestmark = pytest.mark.integration


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, pool_size=4) as opened:
        yield opened


async def rows(
    sessions: Sessions, count: int, *, tenant: str = TENANT, state: JobState = JobState.WAITING
) -> None:
    """Jobs as the projector has them, of all stages that films pass."""
    stages = [stage.name for stage in PIPELINE if not stage.apart]
    async with sessions.begin() as session:
        for n in range(count):
            session.add(
                Job(
                    id=ids.new("job"),
                    tenant_id=tenant,
                    project_id=PROJECT,
                    stage=stages[n % len(stages)],
                    about=PROJECT,
                    priority=Priority.NORMAL,
                    state=state,
                    sequence=n,
                    waiting_since=now(),
                )
            )


async def lane(submissions: Submissions, sequence: int | None = None) -> Lane:
    """Submit one; the lane that it went into."""
    async with submissions.of(TENANT) as submission:
        submission.sequence = sequence
        return submission.lane


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 0), (2, 1), (8, 2), (63, 2), (64, 3)])
async def test_unfinished_jobs_of_all_stages_count(
    sessions: Sessions, count: int, expected: int
) -> None:
    await rows(sessions, count)

    assert await lane(Submissions(sessions)) == list(Lane)[expected]


async def test_jobs_of_others_and_jobs_that_are_over_do_not(sessions: Sessions) -> None:
    await rows(sessions, 70, tenant=ids.new("ten"))
    for over in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED):
        await rows(sessions, 30, state=over)

    assert await lane(Submissions(sessions)) == Lane.L0


async def test_what_rows_do_not_know_yet_counts_until_they_do(sessions: Sessions) -> None:
    submissions = Submissions(sessions)

    behind = [await lane(submissions, sequence) for sequence in range(1, 11)]
    async with sessions.begin() as session:
        session.add(Position(stream=subjects.STREAM, incarnation="1", seq=9))
    caught_up = await lane(submissions, 11)

    assert behind == [Lane.L0] * 2 + [Lane.L1] * 6 + [Lane.L2] * 2
    assert caught_up == Lane.L0


async def test_a_burst_of_requests_at_once_is_no_way_around_the_lanes(sessions: Sessions) -> None:
    submissions = Submissions(sessions)

    async with AsyncExitStack() as together:
        burst = await asyncio.gather(
            *(together.enter_async_context(submissions.of(TENANT)) for _ in range(100))
        )

    lanes = [submission.lane for submission in burst]
    assert [lanes.count(one) for one in Lane] == [2, 6, 56, 36]


async def test_what_could_not_be_stated_does_not_count(sessions: Sessions) -> None:
    submissions = Submissions(sessions)
    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            async with submissions.of(TENANT):
                raise ConnectionResetError

    assert await lane(submissions) == Lane.L0


async def test_work_is_taken_on_while_the_database_is_away(sessions: Sessions) -> None:
    async with open_database("postgresql://nobody:none@127.0.0.1:1/none", pool_size=1) as away:
        submissions = Submissions(away)

        assert [await lane(submissions, n) for n in range(1, 4)] == [Lane.L0, Lane.L0, Lane.L1]


async def test_counting_ends_where_more_would_change_nothing(sessions: Sessions) -> None:
    await rows(sessions, 300)
    async with sessions() as session:
        _, number = await jobs.outstanding(session, TENANT, at_most=64)
        connection = await session.connection()
        await connection.execute(text("set enable_seqscan = off"))
        plan = await connection.execute(
            text(
                "explain select id from jobs where stage in ('import', 'export') "
                "and state = 'waiting' and tenant_id = 'ten_1' limit 64"
            )
        )

    assert number == 64
    assert "jobs_by_state" in "\n".join(plan.scalars())
