"""An estate: everything that a tenant can have, for walks over the whole API."""

from collections.abc import Mapping, Set
from typing import Any, Final

import httpx

from bodies import sample
from clipforge.v1.facts_pb2 import PreviewRequested
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import fact_name
from clipforge_contracts.permissions import GATEWAY_STATES
from gateways import Film, House, Tenant
from workshop import eventually

LOOKS: Final = ("pop", "karaoke", "boxed", "single", "build", "neon", "minimal", "bar")
SAID: Final = "queues"  # in every film of an estate
# What to ask a list for, so that it has something of an estate.
SHOWING: Final[Mapping[str, Mapping[str, Any]]] = {
    "listExpiring": {"kind": "export", "within_hours": 24 * 8}
}


# Bodies, where the document's example is about things that an estate has otherwise.
BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "createBrandKit": {"name": "Ours"},
    "updateBrandKit": {"name": "Ours"},
    "createPreset": {"name": "Ours"},
    "updatePreset": {"name": "Ours"},
    "createClip": {"start_ms": 5_000, "end_ms": 25_000},
    "editClip": {"title": "Ours"},
    "createWebhook": {"url": "https://example.com/", "events": ["export.failed"]},
    "replayDeadLetters": {"queue": "video-import"},
}


async def furnish(house: House, tenant: Tenant, *, many: int = 1) -> dict[str, str]:
    """Make so many of everything; one of each, by the name that paths have for it.

    The tenant's key has to be an admin's. At most eight; where it is several, the first film has
    several clips, and what has versions has several.
    """
    film = await house.ready(tenant)
    films = {film.project}
    for n in range(1, many):
        films.add(await _another(house, tenant, sha256=f"{n:064x}"))
        start = 1000 * n
        await made(
            tenant,
            f"/v1/projects/{film.project}/clips",
            start_ms=start,
            end_ms=start + 20_000,
        )
    known = {
        "queue": "video-import",
        "tenant_id": tenant.id,
        "project_id": film.project,
        "film_id": film.asset,
        "clip_id": film.clip,
        "job_id": await _failed(house, tenant, many),
        "upload_id": await made(tenant, "/v1/uploads", file_name="talk.mp4", bytes=10),
        **await _exports(house, film, many),
        **await _looks(tenant, many),
        **await _webhooks(tenant, many),
    }
    for _ in range(many):
        known["key_id"] = await made(tenant, "/v1/keys", name="ci")
    await house.caught_up()
    await _laid_out(tenant, films)
    [delivery, *_] = await _items(tenant, f"/v1/webhooks/{known['webhook_id']}/deliveries")
    return {**known, "delivery_id": delivery["id"]}


def fitting(
    document: Mapping[str, Any], operation: Mapping[str, Any], known: Mapping[str, str]
) -> Any:
    """A body that an operation takes from whoever has this estate; None: it has none."""
    more = {"brand_kit_id": known["kit_id"], "clip_ids": [known["clip_id"]]}
    own = BODIES.get(operation["operationId"])
    return sample(document, operation, {**known, **more}) if own is None else dict(own)


async def made(tenant: Tenant, path: str, **body: Any) -> str:
    """Create something; its id."""
    answer = await tenant.http.post(path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    made: str = answer.json()["id"]
    return made


async def uploaded(tenant: Tenant, *, complete: bool = True) -> str:
    """A file whose bytes are there."""
    upload = await made(tenant, "/v1/uploads", file_name="logo.png", bytes=10)
    [part] = await _items(tenant, f"/v1/uploads/{upload}/parts")
    async with httpx.AsyncClient() as store:
        (await store.put(part["url"], content=b"0123456789")).raise_for_status()
    if complete:
        (await tenant.http.post(f"/v1/uploads/{upload}/complete")).raise_for_status()
    return upload


async def _another(house: House, tenant: Tenant, *, sha256: str) -> str:
    """A project of other bytes, in which the same is said."""
    film = Film(tenant, await house.submit(tenant), sha256)
    for fact in film.life():
        await house.tell(fact)
    return film.project


async def _failed(house: House, tenant: Tenant, many: int) -> str:
    """Projects that have failed; the job of one."""
    for _ in range(many):
        failed = Film(tenant, await house.submit(tenant))
        await house.tell(failed.failed("import"))
    return ids.job("import", failed.project)


async def _exports(house: House, film: Film, many: int) -> Mapping[str, str]:
    """Exports that are completed, and a batch that waits."""
    for look in LOOKS[:many]:
        one = await made(film.tenant, "/v1/exports", clip_id=film.clip, style=look)
        await house.tell(film.exported(one))
    batch = await made(
        film.tenant,
        "/v1/exports/batch",
        clip_ids=[film.clip],
        aspects=["1:1"],
        styles=list(LOOKS[:many]),
    )
    return {"export_id": one, "batch_id": batch}


async def _looks(tenant: Tenant, many: int) -> Mapping[str, str]:
    """Files of a brand, and what has versions."""
    for _ in range(many):
        found = {
            "asset_id": await made(
                tenant, "/v1/brand-assets", kind="picture", upload_id=await uploaded(tenant)
            ),
            "kit_id": await made(tenant, "/v1/brand-kits", name="Ours"),
            "style_id": await made(tenant, "/v1/caption-styles", name="Ours", base="pop"),
            "preset_id": await made(tenant, "/v1/presets", name="Ours"),
        }
    for n in range(1, many):
        for path, body in (
            (f"/v1/brand-kits/{found['kit_id']}", {}),
            (f"/v1/caption-styles/{found['style_id']}", {"base": "pop"}),
            (f"/v1/presets/{found['preset_id']}", {}),
        ):
            answer = await tenant.http.put(
                path, json={"name": f"Ours {n}", **body}, headers={"If-Match": "*"}
            )
            assert answer.is_success, f"{path}: {answer.text}"
    return found


async def _webhooks(tenant: Tenant, many: int) -> Mapping[str, str]:
    """Endpoints, to one of which so many events are to be sent."""
    for _ in range(many):
        endpoint = await made(
            tenant, "/v1/webhooks", url="https://example.com/", events=["export.failed"]
        )
    for _ in range(many):
        await made(tenant, f"/v1/webhooks/{endpoint}/test")
    return {"webhook_id": endpoint}


async def _laid_out(tenant: Tenant, films: Set[str]) -> None:
    """Wait until all that is said can be found."""

    async def found() -> bool:
        hits = await _items(tenant, f"/v1/search?q={SAID}&limit=100")
        return films <= {hit["project_id"] for hit in hits}

    await eventually(found)


async def _items(tenant: Tenant, path: str) -> list[Any]:
    answer = await tenant.http.get(path)
    assert answer.is_success, f"{path}: {answer.text}"
    items: list[Any] = answer.json()["items"]
    return items


async def stated(house: House) -> int:
    """How many facts the log has of those that a gateway states.

    But for pictures of styles: whoever reads a style asks for its own.
    """
    bus = await house.bus("admin")
    asked = {"subjects_filter": "facts.>"}
    info = await bus.connection.api(f"STREAM.INFO.{subjects.STREAM}", asked)
    names = {fact_name(kind) for kind in GATEWAY_STATES if kind is not PreviewRequested}
    found: dict[str, int] = info["state"].get("subjects", {})
    return sum(number for subject, number in found.items() if subject.split(".")[1] in names)
