"""Brand kits over HTTP: files that a worker looks at, kits in versions, exports that name them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from branding import files
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import EXPORT
from clipforge_export.handler import work
from clipforge_runtime.strain import strain
from gateways import Film, House, Tenant, problem, working

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

COLOURS = {"text": "#FFFFFF", "highlight": "#00E5C8", "background": None}


async def upload(tenant: Tenant, file: Path) -> str:
    """A file in the store, through the addresses that the API gives."""
    body = {"file_name": file.name, "bytes": file.stat().st_size}
    begun = (await tenant.http.post("/v1/uploads", json=body)).json()
    parts = (await tenant.http.get(f"/v1/uploads/{begun['id']}/parts")).json()["items"]
    async with httpx.AsyncClient(timeout=60) as http:
        for part in parts:
            assert (await http.put(part["url"], content=file.read_bytes())).status_code == 200
    done = await tenant.http.post(f"/v1/uploads/{begun['id']}/complete")
    assert done.status_code == 200, done.text
    found: str = begun["id"]
    return found


async def asset(house: House, tenant: Tenant, file: Path, kind: str, scratch: Path) -> Any:
    """A file of the brand, looked at by a real worker."""

    async def handler(cause: Any) -> Any:
        return await work(
            cause,
            store=house.parts.store,
            progress=lambda *_: None,
            scratch=scratch,
            strain=strain,
        )

    body = {"kind": kind, "upload_id": await upload(tenant, file)}
    asked = await tenant.http.post("/v1/brand-assets", json=body)
    assert asked.status_code == 202, asked.text
    assert asked.json()["state"] in ("checking", "ready")
    async with working(house, EXPORT, handler):
        while True:
            seen = await tenant.http.get(asked.headers["Location"], params={"wait": 30})
            if seen.json()["state"] != "checking":
                return seen.json()


async def kit(tenant: Tenant, **body: Any) -> httpx.Response:
    wanted = {"name": "Ours", "colours": COLOURS, **body}
    return await tenant.http.post("/v1/brand-kits", json=wanted)


async def test_a_logo_is_uploaded_looked_at_and_put_into_a_kit(
    house: House, tenant: Tenant, tmp_path: Path
) -> None:
    logo = await asset(house, tenant, files(tmp_path).logo, "picture", tmp_path)
    assert (logo["state"], logo["width"], logo["height"]) == ("ready", 200, 100)

    made = await kit(tenant, logo={"asset_id": logo["id"], "corner": "top-left"})

    assert made.status_code == 201, made.text
    shown = (await tenant.http.get(made.headers["Location"])).json()
    assert shown == made.json() | {name: shown[name] for name in ("created_at", "updated_at")}
    assert shown["version"] == 1
    assert shown["logo"] == {
        "asset_id": logo["id"],
        "corner": "top-left",
        "opacity": 100,
        "scale": 18,
    }
    in_use = await tenant.http.delete(f"/v1/brand-assets/{logo['id']}")
    assert problem(in_use) == (409, "conflict")
    assert (await tenant.http.delete(made.headers["Location"])).status_code == 204
    assert (await tenant.http.delete(f"/v1/brand-assets/{logo['id']}")).status_code == 204
    assert problem(await tenant.http.get(f"/v1/brand-assets/{logo['id']}")) == (404, "not-found")


async def test_an_upload_whose_file_was_deleted_is_not_taken_in_once_more(
    tenant: Tenant, tmp_path: Path
) -> None:
    body = {"kind": "picture", "upload_id": await upload(tenant, files(tmp_path).logo)}
    made = await tenant.http.post("/v1/brand-assets", json=body)
    assert (await tenant.http.delete(made.headers["Location"])).status_code == 204

    again = await tenant.http.post("/v1/brand-assets", json=body)

    assert problem(again) == (409, "conflict")
    assert "upload the file again" in again.json()["detail"]


async def test_what_is_no_font_is_refused_in_words_and_fits_no_kit(
    house: House, tenant: Tenant, tmp_path: Path
) -> None:
    text = tmp_path / "font.ttf"
    text.write_text("not a font")

    refused = await asset(house, tenant, text, "font", tmp_path)

    assert refused["state"] == "refused"
    assert "Use a TTF or OTF" in refused["failure"]["sentence"]
    assert problem(await kit(tenant, font_id=refused["id"])) == (409, "conflict")


async def test_each_change_is_another_version_and_of_two_at_once_one_wins(tenant: Tenant) -> None:
    made = await kit(tenant)
    place, tag = made.headers["Location"], made.headers["ETag"]

    changed = await tenant.http.put(place, json={"name": "New"}, headers={"If-Match": tag})
    late = await tenant.http.put(place, json={"name": "Late"}, headers={"If-Match": tag})
    blind = await tenant.http.put(place, json={"name": "Blind"})

    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.headers["ETag"] != tag
    assert problem(late) == (412, "precondition-failed")
    assert problem(blind) == (428, "precondition-required")
    found = (await tenant.http.get(f"{place}/versions")).json()["items"]
    assert [one["version"] for one in found] == [2, 1]
    assert [one["kit"]["name"] for one in found] == ["New", "Ours"]
    assert found[1]["kit"]["colours"] == COLOURS


async def test_an_export_is_frozen_with_the_kit_as_it_is_then(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    made = await kit(tenant)
    place, kit_id = made.headers["Location"], made.json()["id"]
    wish = {"clip_id": film.clip, "brand_kit_id": kit_id}

    first = (await tenant.http.post("/v1/exports", json=wish)).json()
    again = (await tenant.http.post("/v1/exports", json=wish)).json()
    await tenant.http.put(place, json={"name": "New"}, headers={"If-Match": made.headers["ETag"]})
    second = (await tenant.http.post("/v1/exports", json=wish)).json()
    plain = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()

    assert first["id"] == again["id"]
    assert len({first["id"], second["id"], plain["id"]}) == 3
    assert [one["brand_kit_version"] for one in (first, second, plain)] == [1, 2, None]
    stated = await house.parts.log.last(
        facts.ExportRequested, tenant=tenant.id, project=film.project, about=first["id"]
    )
    assert stated is not None
    assert isinstance(stated.fact, facts.ExportRequested)
    assert stated.fact.render.kit.name == "Ours"
    assert stated.fact.render.kit.highlight_colour == COLOURS["highlight"]


async def test_the_kit_of_a_project_goes_for_its_exports_unless_they_say_otherwise(
    house: House, tenant: Tenant
) -> None:
    kit_id = (await kit(tenant)).json()["id"]
    project = await house.submit(tenant, options={"brand_kit_id": kit_id})

    film = Film(tenant, project)
    for fact in film.life():
        await house.tell(fact)
    await house.caught_up()

    usual = (await tenant.http.post("/v1/exports", json={"clip_id": film.clip})).json()
    none = await tenant.http.post("/v1/exports", json={"clip_id": film.clip, "brand_kit_id": ""})

    assert usual["brand_kit_id"] == kit_id
    assert none.json()["brand_kit_id"] is None
    shown = (await tenant.http.get(f"/v1/projects/{project}")).json()
    assert shown["options"]["brand_kit_id"] == kit_id


async def test_a_stranger_sees_and_uses_nothing_of_a_brand(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    made = await kit(tenant)
    place, kit_id = made.headers["Location"], made.json()["id"]
    film = await house.ready(stranger)

    seen = await stranger.http.get(place)
    changed = await stranger.http.put(place, json={"name": "Mine"}, headers={"If-Match": "*"})
    gone = await stranger.http.delete(place)
    used = await stranger.http.post(
        "/v1/exports", json={"clip_id": film.clip, "brand_kit_id": kit_id}
    )
    listed = (await stranger.http.get("/v1/brand-kits")).json()["items"]

    assert [problem(one)[0] for one in (seen, changed, gone, used)] == [404, 404, 404, 422]
    assert kit_id not in [one["id"] for one in listed]
    assert (await tenant.http.get(place)).status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"colours": {"text": "red"}}, "pattern"),
        ({"logo": {"asset_id": ids.new("bas"), "corner": "middle"}}, "top-left"),
        ({"font_id": ids.new("bas")}, "no file of this id"),
        ({"logo": {"asset_id": ids.new("bas"), "corner": "top-left", "scale": 0}}, "greater"),
        ({"nme": "typo"}, "Extra"),
    ],
)
async def test_a_kit_that_makes_no_sense_is_refused_in_words(
    tenant: Tenant, body: dict[str, Any], said: str
) -> None:
    refused = await kit(tenant, **body)

    assert problem(refused) == (422, "invalid")
    assert said in refused.text
