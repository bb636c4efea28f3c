"""What is only begun (202) says by `Location` where to see what comes of it."""

from typing import Final

import httpx
import pytest

from clipforge_contracts import ids
from clipforge_gateway.app import create_app
from gateways import FILM, Film, House, Tenant

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ELSEWHERE: Final = {
    "createBrandAsset": "test_gateway_brands.py",
    "redeliverWebhookDelivery": "test_webhooks.py",
    "testWebhook": "test_webhooks.py",
}
ANY: Final = {"If-Match": "*"}


async def begun(house: House, tenant: Tenant) -> dict[str, httpx.Response]:
    """Answers of all operations that may only begin what is asked; rows stand still for edits."""
    film, failed, gone = [await house.ready(tenant) for _ in range(3)]
    running = Film(tenant, await house.submit(tenant))
    await house.state(failed.failed("export", ids.new("exp")))
    again = Film(tenant, await house.submit(tenant))
    await house.state(again.failed("import"))
    job = ids.job("import", again.project)
    http, found = tenant.http, dict[str, httpx.Response]()
    found["createProject"] = await http.post(
        "/v1/projects", json={"source": {"type": "url", "url": FILM}}
    )
    found["cancelProject"] = await http.post(f"/v1/projects/{running.project}/cancel")
    found["createExport"] = await http.post("/v1/exports", json={"clip_id": film.clip})
    export = found["createExport"].json()["id"]
    found["cancelExport"] = await http.post(f"/v1/exports/{export}/cancel")
    wanted = {"clip_ids": [film.clip], "aspects": ["1:1", "16:9"]}
    found["createBatch"] = await http.post("/v1/exports/batch", json=wanted)
    batch = found["createBatch"].json()["id"]
    found["cancelBatch"] = await http.post(f"/v1/exports/batches/{batch}/cancel")
    found["replayDeadLetter"] = await http.post(f"/v1/dead-letters/{job}/replay")
    found["replayDeadLetters"] = await http.post(
        "/v1/dead-letters/replay", json={"queue": "video-export"}
    )
    async with house.stale():
        found["editProject"] = await http.patch(
            f"/v1/projects/{film.project}", json={"title": "Another"}, headers=ANY
        )
        found["editClip"] = await http.patch(
            f"/v1/clips/{film.clip}", json={"title": "Another"}, headers=ANY
        )
        found["createClip"] = await http.post(
            f"/v1/projects/{gone.project}/clips", json={"start_ms": 10_000, "end_ms": 12_000}
        )
        found["deleteClip"] = await http.delete(f"/v1/clips/{failed.clip}", headers=ANY)
        found["editTranscript"] = await http.patch(
            f"/v1/projects/{failed.project}/transcript",
            json={"operations": [{"op": "replace", "first": 1, "text": "does"}]},
            headers=ANY,
        )
    found["deleteProject"] = await http.delete(f"/v1/projects/{gone.project}")
    return found


async def test_what_is_only_begun_says_where_to_see_what_comes_of_it(house: House) -> None:
    tenant = await house.tenant()
    may_begin = {
        operation["operationId"]
        for methods in create_app().openapi()["paths"].values()
        for operation in methods.values()
        if "202" in operation["responses"]
    }

    answers = await begun(house, tenant)

    assert set(answers) | set(ELSEWHERE) == may_begin
    for operation, answer in answers.items():
        assert answer.status_code == 202, f"{operation}: {answer.text}"
        seen = await tenant.http.get(answer.headers["location"])
        over = operation in ("deleteProject", "deleteClip", "createClip")  # gone by now, perhaps
        assert seen.status_code == 200 or (over and seen.status_code == 404), operation
