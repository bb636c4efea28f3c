"""Films by the hash of their bytes: taken in again without being sent again."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import IMPORT
from clipforge_import.handler import import_video
from clipforge_runtime.progress import report
from clipforge_runtime.strain import strain
from gateways import SHA256, Film, House, Tenant, problem, working
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


async def submit(tenant: Tenant, sha256: str = SHA256, **more: Any) -> Any:
    body = {"source": {"type": "asset", "sha256": sha256}, **more}
    return await tenant.http.post("/v1/projects", json=body)


async def test_a_film_is_taken_in_by_its_hash_and_is_the_same_film(house: House) -> None:
    tenant = await house.tenant()
    first = await house.stored(tenant)

    answer = await submit(tenant, options={"clips": 2})

    assert answer.status_code == 202, answer.text
    project = answer.json()
    assert project["source"] == {"type": "asset", "sha256": SHA256}
    await house.caught_up()
    seen = (await tenant.http.get(f"/v1/projects/{project['id']}")).json()
    assert (seen["state"], seen["media"]["duration_ms"]) == ("queued", 90_000)
    listed = (await tenant.http.get("/v1/projects", params={"source": "asset"})).json()["items"]
    assert [one["id"] for one in listed] == [project["id"]]
    assert project["id"] != first.project


async def test_assets_are_listed_once_with_pictures_and_what_uses_them(house: House) -> None:
    tenant = await house.tenant()
    first = await house.stored(tenant)
    second = await house.ready(tenant)

    [listed] = (await tenant.http.get("/v1/assets")).json()["items"]
    one = (await tenant.http.get(f"/v1/assets/{listed['id']}")).json()
    made_of = (await tenant.http.get("/v1/projects", params={"asset_id": listed["id"]})).json()

    assert (listed["id"], listed["sha256"], listed["kept"]) == (first.asset, SHA256, True)
    assert (listed["media"]["video_codec"], listed["media"]["width"]) == ("h264", 1920)
    assert listed["project_count"] == 2
    assert one["project_ids"] == [second.project, first.project]
    assert [project["id"] for project in made_of["items"]] == one["project_ids"]
    assert {project["asset_id"] for project in made_of["items"]} == {first.asset}
    async with house.client() as anybody:
        poster = await anybody.get(one["files"]["poster"])
    assert (poster.status_code, poster.content) == (200, b"bytes")


async def test_an_asset_that_is_not_kept_has_no_pictures_and_is_still_known(house: House) -> None:
    tenant = await house.tenant()
    film = await house.stored(tenant)
    await house.state(film.fact(facts.ProjectExpired))

    asset = (await tenant.http.get(f"/v1/assets/{film.asset}")).json()

    assert (asset["kept"], asset["files"], asset["project_count"]) == (False, {}, 1)
    assert asset["media"]["duration_ms"] == 90_000


async def test_assets_come_in_pages_newest_first(house: House) -> None:
    tenant = await house.tenant()
    wanted: list[str] = []
    for n in range(3):
        film = Film(tenant, await house.submit(tenant))
        imported: facts.VideoImported = film.fact(facts.VideoImported)
        imported.media.sha256 = f"{n:064}"
        imported.asset_id = ids.asset(tenant.id, imported.media.sha256)
        await house.state(imported)
        wanted.insert(0, imported.asset_id)

    first = (await tenant.http.get("/v1/assets", params={"limit": 2})).json()
    rest = (
        await tenant.http.get("/v1/assets", params={"limit": 2, "cursor": first["next"]})
    ).json()

    assert [one["id"] for one in (*first["items"], *rest["items"])] == wanted
    assert rest["next"] is None


async def test_import_works_on_it_without_a_copy(house: House, tmp_path: Path, films: Any) -> None:
    tenant = await house.tenant()
    source = await _imported_for_real(house, tenant, films("long.mp4"), tmp_path)
    before = {stat.key: stat.modified for stat in await house.parts.store.find(_folder(source))}

    async with working(house, IMPORT, _handler(house, tmp_path)):
        project = (await submit(tenant, source["sha256"])).json()["id"]
        seen = await _until(tenant, project, "transcribing")

    assert seen["title"] == source["title"]  # as it was called before
    after = {stat.key: stat.modified for stat in await house.parts.store.find(_folder(source))}
    touched = {key for key in after if after[key] != before[key]}
    assert {key.rpartition("/")[2] for key in touched} <= {"record.json"}
    assert before.keys() == after.keys()


async def test_a_film_of_another_tenant_is_as_unknown_as_none(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    await house.stored(tenant)

    theirs = await submit(stranger)
    nobody_s = await submit(stranger, "0" * 64)

    assert problem(theirs) == problem(nobody_s) == (422, "invalid")
    assert theirs.json()["detail"] == nobody_s.json()["detail"]


async def test_a_film_whose_time_is_over_must_be_uploaded_again(house: House) -> None:
    tenant = await house.tenant()
    film = await house.stored(tenant)
    await house.state(film.fact(facts.ProjectExpired))

    answer = await submit(tenant)

    assert problem(answer) == (410, "gone")
    assert "upload it again" in answer.json()["detail"]


async def test_a_film_is_kept_for_whoever_was_submitted_last(house: House) -> None:
    tenant = await house.tenant()
    first = await house.stored(tenant)
    second = Film(tenant, (await submit(tenant)).json()["id"])
    await house.caught_up()

    await house.state(first.fact(facts.ProjectDeleted))

    assert (await submit(tenant)).status_code == 202
    seen = (await tenant.http.get(f"/v1/projects/{second.project}")).json()
    assert seen["media"]["duration_ms"] == 90_000


async def test_a_repeated_key_with_the_same_hash_makes_one_project(house: House) -> None:
    tenant = await house.tenant()
    await house.stored(tenant)
    key = {"Idempotency-Key": ids.new("evt")}
    body = {"source": {"type": "asset", "sha256": SHA256}}

    answers = [await tenant.http.post("/v1/projects", json=body, headers=key) for _ in range(2)]

    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("sha256", ["", "ab", "AB" * 32, "g" * 64, "ab" * 33])
async def test_what_is_no_hash_is_refused(tenant: Tenant, sha256: str) -> None:
    answer = await submit(tenant, sha256)

    assert problem(answer) == (422, "invalid")


def _handler(house: House, scratch: Path) -> Any:
    return partial(
        import_video,
        store=house.parts.store,
        progress=report,
        allowed=frozenset(),
        scratch=scratch,
        strain=strain,
    )


async def _imported_for_real(
    house: House, tenant: Tenant, film: Path, scratch: Path
) -> dict[str, Any]:
    """Upload a film and import it; its hash, title and asset."""
    body = {"file_name": "My talk.mp4", "bytes": film.stat().st_size}
    upload = (await tenant.http.post("/v1/uploads", json=body)).json()["id"]
    parts = (await tenant.http.get(f"/v1/uploads/{upload}/parts")).json()["items"]
    async with house.client() as plain:
        put = await plain.put(parts[0]["url"], content=film.read_bytes(), headers={})
    assert put.status_code == 200, put.text
    done = await tenant.http.post(f"/v1/uploads/{upload}/complete")
    assert done.status_code == 200, done.text
    async with working(house, IMPORT, _handler(house, scratch)):
        project = await house.submit(tenant, source={"type": "upload", "upload_id": upload})
        seen = await _until(tenant, project, "transcribing")
    [asset] = (await tenant.http.get("/v1/assets")).json()["items"]
    return {"sha256": asset["sha256"], "title": seen["title"], "tenant": tenant.id}


def _folder(source: dict[str, Any]) -> str:
    return f"tenants/{source['tenant']}/media/{source['sha256']}/"


async def _until(tenant: Tenant, project: str, state: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def there() -> bool:
        nonlocal seen
        seen = (await tenant.http.get(f"/v1/projects/{project}")).json()
        assert seen["state"] != "failed", seen
        return bool(seen["state"] == state)

    await eventually(there)
    return seen
