"""Caption styles and presets over HTTP: those that everybody has, and a tenant's own."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.pipeline import EXPORT
from clipforge_contracts.presets import PLATFORMS
from clipforge_contracts.styles import STYLES
from clipforge_export.handler import work
from clipforge_runtime.strain import strain
from gateways import House, Tenant, problem, working
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

STYLE = {"name": "Quiet", "base": "minimal", "colours": {"text": "#112233"}, "position": "top"}


async def asked(house: House, tenant: Tenant, export: str) -> facts.ExportRequested:
    entry = await house.parts.log.last(
        facts.ExportRequested, tenant=tenant.id, project=None, about=export
    )
    assert entry is not None
    assert isinstance(entry.fact, facts.ExportRequested)
    return entry.fact


async def export(tenant: Tenant, clip: str, **look: Any) -> httpx.Response:
    return await tenant.http.post("/v1/exports", json={"clip_id": clip, **look})


async def test_the_built_in_styles_and_presets_are_listed(tenant: Tenant) -> None:
    styles = (await tenant.http.get("/v1/caption-styles/built-in")).json()["items"]
    presets = (await tenant.http.get("/v1/presets/built-in")).json()["items"]

    assert {one["name"] for one in styles} == set(STYLES)
    [boxed] = [one for one in styles if one["name"] == "boxed"]
    assert boxed["colours"]["background"] == STYLES["boxed"].box
    assert {one["preset"] for one in presets} == set(PLATFORMS)
    [reels] = [one for one in presets if one["preset"] == "reels"]
    assert (reels["aspect"], reels["margins"]["bottom"]) == ("9:16", 450)


async def test_a_style_that_nobody_has_seen_yet_gets_its_picture_from_a_worker(
    house: House, tenant: Tenant, tmp_path: Path
) -> None:
    made = (await tenant.http.post("/v1/caption-styles", json=STYLE)).headers["Location"]

    async def handler(cause: Any) -> Any:
        return await work(
            cause,
            store=house.parts.store,
            progress=lambda *_: None,
            scratch=tmp_path,
            strain=strain,
        )

    async def seen() -> bool:
        links.clear()
        built_in = (await tenant.http.get("/v1/caption-styles/built-in")).json()["items"]
        own = (await tenant.http.get(made)).json()
        links.extend(one["preview_url"] for one in (*built_in, own))
        return all(links)

    links: list[str] = []
    assert not await seen()
    async with working(house, EXPORT, handler):
        await eventually(seen)

    async with httpx.AsyncClient() as http:
        pictures = [(await http.get(link)).content for link in links]
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
    assert len(set(pictures)) == len(STYLES) + 1


async def test_a_style_of_ones_own_is_frozen_in_what_is_asked_for(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    made = await tenant.http.post("/v1/caption-styles", json=STYLE)
    assert made.status_code == 201, made.text
    style = made.json()["id"]

    first = (await export(tenant, film.clip, style=style)).json()
    changed = await tenant.http.put(
        made.headers["Location"],
        json={**STYLE, "size": 64},
        headers={"If-Match": made.headers["ETag"]},
    )
    second = (await export(tenant, film.clip, style=style)).json()

    assert changed.json()["version"] == 2
    assert first["style"] == style
    assert first["id"] != second["id"]
    one, two = [await asked(house, tenant, each["id"]) for each in (first, second)]
    assert (one.render.style, one.render.caption.text_colour) == ("minimal", "#112233")
    assert [each.render.caption.size for each in (one, two)] == [0, 64]
    versions = (await tenant.http.get(f"{made.headers['Location']}/versions")).json()["items"]
    assert [(each["version"], each["style"]["size"]) for each in versions] == [(2, 64), (1, None)]
    assert (await tenant.http.delete(made.headers["Location"])).status_code == 204
    assert problem(await export(tenant, film.clip, style=style)) == (422, "invalid")


async def test_a_preset_says_what_a_request_leaves_out(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    wanted = {"name": "Stories", "aspect": "4:5", "style": "bar", "target_lufs": -16}
    preset = (await tenant.http.post("/v1/presets", json=wanted)).json()["id"]

    plain = (await export(tenant, film.clip, preset=preset)).json()
    other = (await export(tenant, film.clip, preset=preset, style="neon")).json()
    youtube = (await export(tenant, film.clip, preset="youtube")).json()

    assert (plain["aspect"], plain["style"]) == ("4:5", "bar")
    assert (other["aspect"], other["style"]) == ("4:5", "neon")
    assert youtube["aspect"] == "16:9"
    loud = [(await asked(house, tenant, one["id"])).render.target_lufs for one in (plain, youtube)]
    assert loud == [-16, 0]  # -14 is what everybody gets


async def test_a_clip_that_is_too_long_for_a_preset_is_refused(
    house: House, tenant: Tenant
) -> None:
    film = await house.ready(tenant)
    wanted = {"name": "Short", "max_clip_ms": 1000}
    preset = (await tenant.http.post("/v1/presets", json=wanted)).json()["id"]

    refused = await export(tenant, film.clip, preset=preset)
    batch = await tenant.http.post(
        "/v1/exports/batch", json={"clip_ids": [film.clip], "presets": [preset, "tiktok"]}
    )

    assert problem(refused) == (422, "invalid")
    assert "at most 1000 ms" in refused.json()["detail"]
    assert problem(batch) == (422, "invalid")


async def test_a_batch_of_presets_has_an_output_for_each(house: House, tenant: Tenant) -> None:
    film = await house.ready(tenant)
    body = {"clip_ids": [film.clip], "presets": ["tiktok", "reels", "youtube"]}

    batch = (await tenant.http.post("/v1/exports/batch", json=body)).json()

    # Two of the platforms want the same: it is one export.
    assert len(batch["export_ids"]) == 2
    both = await tenant.http.post("/v1/exports/batch", json={**body, "aspects": ["1:1"]})
    assert problem(both) == (422, "invalid")


async def test_a_stranger_sees_and_uses_nothing_of_them(
    house: House, tenant: Tenant, stranger: Tenant
) -> None:
    film = await house.ready(stranger)
    style = await tenant.http.post("/v1/caption-styles", json=STYLE)
    preset = await tenant.http.post("/v1/presets", json={"name": "Mine"})
    answers = [
        answer
        for place in (style.headers["Location"], preset.headers["Location"])
        for answer in (
            await stranger.http.get(place),
            await stranger.http.get(f"{place}/versions"),
            await stranger.http.delete(place),
        )
    ]

    assert [problem(answer)[0] for answer in answers] == [404] * 6
    used = [
        await export(stranger, film.clip, style=style.json()["id"]),
        await export(stranger, film.clip, preset=preset.json()["id"]),
        await stranger.http.post("/v1/presets", json={"name": "X", "style": style.json()["id"]}),
    ]
    assert [problem(answer)[0] for answer in used] == [422] * 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/caption-styles", {"name": "X", "base": "none"}),
        ("/v1/caption-styles", {"name": "X", "base": "pop", "size": 5}),
        ("/v1/caption-styles", {"name": "", "base": "pop"}),
        ("/v1/presets", {"name": "X", "style": ids.new("sty")}),
        ("/v1/presets", {"name": "X", "aspect": "2:1"}),
        ("/v1/presets", {"name": "X", "target_lufs": 0}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    tenant: Tenant, path: str, body: dict[str, Any]
) -> None:
    assert problem(await tenant.http.post(path, json=body)) == (422, "invalid")
