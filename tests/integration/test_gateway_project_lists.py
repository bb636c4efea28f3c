"""Lists of projects: what filters leave, in which order, in pages that stay where they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlmodel import col, update

from clipforge_catalog.queries import project_lists
from clipforge_catalog.queries.project_lists import Filters, Place, Sort
from clipforge_catalog.tables import Project, ProjectState
from clipforge_contracts import ids
from gateways import Film, House, Tenant, problem, statements

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def listed(tenant: Tenant, **asked: Any) -> list[dict[str, Any]]:
    answer = await tenant.http.get("/v1/projects", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def titles(tenant: Tenant, **asked: Any) -> list[str]:
    return [one["title"] for one in await listed(tenant, **asked)]


async def some(house: House, *named: str) -> Tenant:
    """Somebody with films of these titles."""
    tenant = await house.tenant()
    for title in named:
        await house.submit(tenant, title=title)
    await house.caught_up()
    return tenant


async def test_filters_leave_what_meets_all_of_them(house: House) -> None:
    tenant = await some(house, "On queues", "QUEUES again", "50% off", "Über alles")
    ready = await house.ready(tenant)
    await house.state(Film(tenant, await house.submit(tenant, title="broken")).failed("import"))

    assert await titles(tenant, title="queue") == ["QUEUES again", "On queues"]
    assert await titles(tenant, title="0% o") == ["50% off"]
    assert await titles(tenant, title="%") == ["50% off"]
    assert await titles(tenant, title="queue", state="ready") == []
    assert await titles(tenant, state="failed") == ["broken"]
    assert [one["id"] for one in await listed(tenant, language="EN")] == [ready.project]
    assert await listed(tenant, language="de") == []
    assert await listed(tenant, source="upload") == []
    assert len(await listed(tenant, source="url")) == 6


async def test_a_span_of_time_has_its_beginning_and_not_its_end(house: House) -> None:
    tenant = await some(house, "one", "two", "three")
    middle = (await listed(tenant))[1]["created_at"]

    assert await titles(tenant, created_since=middle) == ["three", "two"]
    assert await titles(tenant, created_until=middle) == ["one"]
    assert await titles(tenant, created_since=middle, created_until=middle) == []


async def test_each_order_is_the_other_one_backwards(house: House) -> None:
    tenant = await some(house, "banana", "Apple", "cherry", "apple")

    newest = await titles(tenant)
    assert await titles(tenant, sort="created") == newest[::-1]
    by_title = await titles(tenant, sort="title")
    assert by_title == ["Apple", "apple", "banana", "cherry"]  # the same title: the older one first
    assert await titles(tenant, sort="-title") == by_title[::-1]


@pytest.mark.parametrize("sort", list(Sort))
async def test_pages_of_any_order_are_stable_while_others_are_added(
    house: House, sort: Sort
) -> None:
    tenant = await some(house, "e", "a", "d" * 200, "D" * 150, "b")
    old = [one["id"] for one in await listed(tenant, sort=sort)]

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        asked = {"sort": sort.value, "limit": 2, "cursor": cursor}
        page = (await tenant.http.get("/v1/projects", params=asked)).json()
        seen += [one["id"] for one in page["items"] if one["id"] in old]
        await house.submit(tenant, title="c")
        await house.caught_up()
        cursor = page["next"]

    assert seen == old


@pytest.mark.parametrize(
    "otherwise",
    [{"sort": "title"}, {"sort": "created"}, {"state": "queued"}, {"title": "a"}],
    ids=str,
)
async def test_a_cursor_of_another_list_is_refused_in_words(
    house: House, tenant: Tenant, otherwise: dict[str, str]
) -> None:
    for title in ("a", "b"):
        await house.submit(tenant, title=title)
    await house.caught_up()
    page = (await tenant.http.get("/v1/projects", params={"limit": 1})).json()

    answer = await tenant.http.get(
        "/v1/projects", params={"limit": 1, "cursor": page["next"], **otherwise}
    )

    assert problem(answer) == (422, "invalid")
    assert "another sort or other filters" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sort": "size"},
        {"source": "disk"},
        {"language": "english please"},
        {"created_since": "yesterday"},
        {"created_since": "2026-01-02T03:04:05"},
        {"title": "t" * 201},
        {"title": "\x00"},
    ],
    ids=str,
)
async def test_a_filter_that_says_nothing_we_know_is_refused(
    tenant: Tenant, wrong: dict[str, str]
) -> None:
    answer = await tenant.http.get("/v1/projects", params=wrong)

    assert problem(answer) == (422, "invalid")


async def test_a_page_costs_as_many_queries_whatever_is_on_it(house: House) -> None:
    tenant = await house.tenant()
    films = [await house.ready(tenant) for _ in range(2)]
    await listed(tenant)  # who asks is known from now on
    with statements(house.sessions) as of_one:
        await listed(tenant, limit=1)
    with statements(house.sessions) as of_all:
        found = await listed(tenant, limit=100)

    assert len(found) == len(films)
    assert (of_rows(of_one), of_rows(of_all)) == (1, 1)


def of_rows(asked: list[str]) -> int:
    """How many of these read films or clips: the projector, too, looks at projects meanwhile."""
    return sum(any(name in one for name in ("assets", "clips")) for one in asked)


MANY = 20_000
PLACE = Place("title 5", MANY // 2, ids.new("prj"))
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filters", "sort", "after", "index"),
    [
        (Filters(), Sort.NEWEST, None, "projects_by_order"),
        (Filters(), Sort.OLDEST, PLACE, "projects_by_order"),
        (Filters(), Sort.TITLE, None, "projects_by_title"),
        (Filters(), Sort.TITLE_BACKWARDS, PLACE, "projects_by_title"),
        (Filters(state=ProjectState.FAILED), Sort.NEWEST, PLACE, "projects_by_state"),
        (Filters(state=ProjectState.FAILED), Sort.OLDEST, None, "projects_by_state"),
        (Filters(language="de"), Sort.NEWEST, None, "projects_by_language"),
        (Filters(since=SINCE, until=SINCE + timedelta(hours=1)), Sort.NEWEST, None, "_by_time"),
    ],
)
async def test_a_page_is_read_from_an_index_and_not_from_the_whole_table(
    house: House, filters: Filters, sort: Sort, after: Place | None, index: str
) -> None:
    tenant = await _with_many(house)
    statement = project_lists.statement(tenant.id, filters, sort=sort, after=after, limit=20)
    compiled = statement.compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )

    async with house.sessions() as session:
        connection = await session.connection()
        plan = (await connection.exec_driver_sql(f"explain {compiled}")).scalars().all()

    assert any(index in line for line in plan), "\n".join(plan)
    assert not any("Seq Scan" in line for line in plan), "\n".join(plan)


_MANY: list[Tenant] = []


async def _with_many(house: House) -> Tenant:
    """Somebody with so many projects that a planner looks for an index."""
    if _MANY:
        return _MANY[0]
    tenant = await house.tenant()
    copied = await house.submit(tenant, title="title 0")
    await house.caught_up()
    columns = [column.name for column in Project.__table__.columns]  # type: ignore[attr-defined]
    changed = {
        "id": "'prj_' || lpad(n::text, 26, '0')",
        "title": "'title ' || n % 100",
        "state": "case when n % 1000 = 0 then 'failed' else 'ready' end",
        "sequence": "n",
        "created_at": "timestamptz '2026-01-01' + n * interval '1 minute'",
    }
    chosen = ", ".join(changed.get(name, name) for name in columns)
    async with house.sessions.begin() as session:
        connection = await session.connection()
        await connection.execute(
            text(
                f"insert into projects ({', '.join(columns)}) "  # noqa: S608  (our own names)
                f"select {chosen} from projects, generate_series(1, {MANY}) n where id = :id"
            ),
            {"id": copied},
        )
        await session.exec(update(Project).where(col(Project.id) == copied).values(title="title"))
    async with house.sessions() as session:
        await (await session.connection()).exec_driver_sql("analyze projects")
        await session.commit()
    _MANY.append(tenant)
    return tenant
