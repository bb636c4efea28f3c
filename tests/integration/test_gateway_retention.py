"""What is to go next, and when, is told, and nothing goes for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts.plans import Plan
from gateways import Film, House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def listed(tenant: Tenant, **asked: Any) -> list[dict[str, Any]]:
    answer = await tenant.http.get("/v1/retention", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def exported(house: House, film: Film) -> str:
    answer = await film.tenant.http.post("/v1/exports", json={"clip_id": film.clip})
    export: str = answer.json()["id"]
    await house.state(film.exported(export))
    return export


async def test_a_film_and_its_exports_are_told_with_their_time(house: House) -> None:
    tenant = await house.tenant(Plan.FREE)
    film = await house.ready(tenant)
    export = await exported(house, film)

    [one] = await listed(tenant, within_hours=13)
    [other] = await listed(tenant, within_hours=13, kind="export")

    assert (one["project_id"], one["export_id"], one["bytes"]) == (film.project, None, 12_000_000)
    assert (other["export_id"], other["bytes"]) == (export, 4_000_000)
    for each in (one, other):
        finished, expires = (
            datetime.fromisoformat(each[name]) for name in ("finished_at", "expires_at")
        )
        assert expires - finished == timedelta(hours=12)
    project = (await tenant.http.get(f"/v1/projects/{film.project}")).json()
    assert project["expires_at"] == one["expires_at"]


async def test_what_is_not_due_by_then_is_not_told(house: House) -> None:
    tenant = await house.tenant(Plan.FREE)
    await house.ready(tenant)
    await house.submit(tenant)  # it is not over
    await house.caught_up()

    assert await listed(tenant, within_hours=11) == []
    assert len(await listed(tenant, within_hours=24 * 366)) == 1


async def test_a_film_whose_export_waits_is_left_out(house: House) -> None:
    tenant = await house.tenant(Plan.FREE)
    film = await house.ready(tenant)
    export = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()["id"]
    await house.caught_up()
    waiting = await listed(tenant, within_hours=13)

    await house.state(film.exported(export))

    assert (waiting, len(await listed(tenant, within_hours=13))) == ([], 1)


async def test_what_is_gone_is_told_no_more(house: House) -> None:
    tenant = await house.tenant(Plan.FREE)
    film = await house.ready(tenant)

    await house.state(film.fact(facts.ProjectExpired))

    assert await listed(tenant, within_hours=13) == []


@pytest.mark.parametrize("kind", ["film", "export"])
async def test_pages_go_on_where_the_last_one_ended(house: House, kind: str) -> None:
    tenant = await house.tenant(Plan.FREE)
    films = [await house.ready(tenant) for _ in range(3)]
    exports = [await exported(house, film) for film in films]
    wanted = [film.project for film in films] if kind == "film" else exports

    seen: list[str] = []
    asked: dict[str, Any] = {"kind": kind, "within_hours": 13, "limit": 2}
    while True:
        page = (await tenant.http.get("/v1/retention", params=asked)).json()
        seen += [one["export_id"] or one["project_id"] for one in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]

    assert seen == wanted


async def test_only_operators_look_beyond_their_own(house: House) -> None:
    free, business = await house.tenant(Plan.FREE), await house.tenant(role="admin")
    sooner, later = await house.ready(free), await house.ready(business)

    for path in ("/v1/retention?tenant=all", "/v1/retention/backlog"):
        assert problem(await business.http.get(path)) == (403, "forbidden")
    async with house.operator() as http:
        asked: dict[str, str | int] = {"tenant": "all", "within_hours": 24 * 8, "limit": 100}
        found = (await http.get("/v1/retention", params=asked)).json()["items"]
        of_one = (await http.get("/v1/retention", params={**asked, "tenant": business.id})).json()[
            "items"
        ]
        backlog = (await http.get("/v1/retention/backlog")).json()

    projects = [one["project_id"] for one in found]
    assert projects.index(sooner.project) < projects.index(later.project)
    assert [one["expires_at"] for one in found] == sorted(one["expires_at"] for one in found)
    assert [one["project_id"] for one in of_one] == [later.project]
    assert backlog["films"] == 0
    assert backlog["kept_hours"]["free"] == 12.0


async def test_objects_that_wait_to_be_removed_are_counted(house: House) -> None:
    tenant = await house.tenant(Plan.FREE)
    film = await house.ready(tenant)
    async with house.operator() as http:
        before = (await http.get("/v1/retention/backlog")).json()["removals"]
        await house.state(film.fact(facts.ProjectDeleted))
        after = (await http.get("/v1/retention/backlog")).json()

    assert after["removals"] > before
    assert after["removals_requested"] <= after["removals"]
    assert after["oldest_removal_at"]


@pytest.mark.parametrize("wrong", [{"within_hours": "-1"}, {"within_hours": "soon"}, {"kind": "x"}])
async def test_a_question_that_makes_no_sense_is_refused(
    tenant: Tenant, wrong: dict[str, str]
) -> None:
    assert problem(await tenant.http.get("/v1/retention", params=wrong)) == (422, "invalid")
