"""Messages that nobody can read: an operator finds each, and no film suffers from one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from clipforge.v1 import common_pb2 as common
from clipforge.v1 import facts_pb2 as facts
from clipforge_catalog.tables import Job
from clipforge_contracts import ids, subjects
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import IMPORT
from clipforge_contracts.plans import Plan, Priority
from clipforge_projector.reconciler import reconcile
from gateways import House, Tenant, problem, working
from workshop import eventually, import_at_once

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

PATH = "/v1/dead-letters"
LATER = datetime.now(UTC) + timedelta(hours=1)
GARBLED = b"\xff\xfe garbled"


def in_the_place_of(tenant: Tenant, project: str) -> str:
    """The subject of a film's submission, in a lane of its own."""
    submitted = subjects.Subject(
        "facts", "project-submitted", Priority.HIGH, Lane.L3, tenant.id, project, project
    )
    return str(submitted)


async def garble(house: House, subject: str) -> int:
    """Have bytes that are no fact lie under a subject; their sequence."""
    bus = await house.bus("gateway")
    stored = await bus.connection.request(subject, GARBLED, headers={"ce-id": "evt_garbled"})
    return int(json.loads(stored.data)["seq"])


async def letters(asking: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await asking.get(PATH, params={"reason": "unreadable", **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def letter_about(asking: httpx.AsyncClient, sequence: int) -> dict[str, Any]:
    """The dead letter of one message, as soon as it is a row."""
    job = ids.derive("job", f"{IMPORT.name}:{subjects.STREAM}:{sequence}:failed")

    async def there() -> bool:
        return job in {one["id"] for one in await letters(asking, tenant="all")}

    await eventually(there)
    return dict((await asking.get(f"{PATH}/{job}")).json())


async def test_an_operator_finds_a_message_that_nobody_could_read(house: House) -> None:
    somewhere = f"facts.project-submitted.high.l0.{ids.new('ten')}.{ids.new('prj')}.nothing"
    async with house.operator() as asking, working(house, IMPORT, import_at_once):
        letter = await letter_about(asking, await garble(house, somewhere))
        replay = await asking.post(f"{PATH}/{letter['id']}/replay")
        many = await asking.post(
            f"{PATH}/replay", json={"reason": "unreadable", "all": True, "tenant": "all"}
        )

    assert (letter["about"], letter["queue"]) == (letter["id"], "video-import")
    assert somewhere in letter["detail"]
    assert "unreadable" in letter["cause"]
    assert problem(replay) == (409, "conflict")
    assert "nothing to do after all" in replay.json()["detail"]
    assert many.json() == {"replayed": 0, "more": False}


async def test_a_message_without_a_subject_of_ours_is_found_too(house: House) -> None:
    async with house.operator() as asking, working(house, IMPORT, import_at_once):
        sequence = await garble(house, "facts.project-submitted.high.l0.and.much.more.besides")
        letter = await letter_about(asking, sequence)

    assert (letter["tenant_id"], letter["project_id"]) == (subjects.NOTHING, subjects.NOTHING)


async def test_the_film_of_a_message_that_nobody_could_read_is_begun_anew(
    house: House, tenant: Tenant
) -> None:
    project = await house.submit(tenant)
    await house.caught_up()
    await (await house.bus("projector")).purge(subjects.of_project(tenant.id, project))
    async with house.operator() as asking, working(house, IMPORT, import_at_once):
        sequence = await garble(house, in_the_place_of(tenant, project))
        letter = await letter_about(asking, sequence)
        before = (await tenant.http.get(f"/v1/projects/{project}")).json()

        await reconcile(house.sessions, await house.bus("projector"), now=LATER)

        async def goes_on() -> bool:
            shown = (await tenant.http.get(f"/v1/projects/{project}")).json()
            return bool(shown["state"] == "transcribing")

        await eventually(goes_on)

    assert (before["state"], before["failure"]) == ("queued", None)
    async with house.sessions() as session:
        row = await session.get(Job, letter["id"])
        done = await session.get(Job, ids.job(IMPORT.name, project))
    assert row is not None
    assert done is not None
    assert (row.state, done.state) == ("failed", "completed")


async def test_a_message_that_feeds_nobody_is_counted_and_those_behind_it_become_rows(
    house: House, tenant: Tenant
) -> None:
    def unreadable() -> float:
        labels = {"fact": "unreadable"}
        return REGISTRY.get_sample_value("clipforge_facts_unapplied_total", labels) or 0

    before = unreadable()
    kind = "facts.brand-kit-saved.normal.l0"
    await garble(house, f"{kind}.{tenant.id}.{subjects.NOTHING}.{ids.new('kit')}")

    await house.state(
        facts.TenantSaved(
            project=common.ProjectRef(tenant_id=tenant.id, plan=Plan.FREE.wire), name="behind"
        )
    )

    assert unreadable() == before + 1
