"""What a gateway writes into its log of a whole run of requests: nothing that opens or tells."""

import asyncio
import json
import logging
import re

import httpx
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge_gateway.app import create_app
from clipforge_runtime.logs import JsonFormatter
from gateways import TRANSCRIPT, House, Tenant, problem
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SECRET = "https://example.com/talk.mp4?token=a-secret-of-the-user"


async def every_answer(tenant: Tenant, known: dict[str, str]) -> str:
    """What each GET of the API answers, errors included."""
    said = ""
    for path, methods in create_app().openapi()["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        if "get" in methods and set(names) <= set(known) and not path.endswith("/events"):
            answer = await tenant.http.get(path.format(**known), params={"cursor": "no cursor"})
            said += answer.text
            said += (await tenant.http.get(path.format(**known))).text
    return said


def written(caplog: pytest.LogCaptureFixture) -> str:
    """The log as a gateway would have written it."""
    formatter = JsonFormatter("gateway")
    return "\n".join(formatter.format(record) for record in caplog.records)


async def test_no_secret_no_link_and_no_word_of_a_film_is_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="clipforge_gateway")
    caplog.set_level(logging.INFO)
    admin = await house.tenant(role="admin")
    film = await house.ready(admin)
    key = (await admin.http.post("/v1/keys", json={"name": "ci"})).json()["key"]
    await admin.http.post("/v1/projects", json={"source": {"type": "url", "url": SECRET}})
    upload = (await admin.http.post("/v1/uploads", json={"file_name": "a", "bytes": 9})).json()
    asked = await admin.http.post("/v1/exports", json={"clip_id": film.clip})
    await house.state(film.exported(asked.json()["id"]))
    known = {
        "project_id": film.project,
        "clip_id": film.clip,
        "export_id": asked.json()["id"],
        "upload_id": upload["id"],
        "queue": "video-export",
    }

    said = await every_answer(admin, known)
    async with house.client("cf_" + "x" * 40) as nobody:
        await nobody.get("/v1/projects")
    await admin.http.post("/v1/projects", content=b"\xff" + key.encode())

    log = written(caplog)
    links = re.findall(r"X-Amz-Signature=([0-9a-f]{20,})", said)
    assert links, "an export that is completed has links"
    assert TRANSCRIPT.segments[0].text in said.replace("\\", "")
    secrets = [admin.key, key, "cf_xxxx", "a-secret-of-the-user", *links]
    secrets += [segment.text for segment in TRANSCRIPT.segments]
    assert [one for one in secrets if one in log] == []
    assert json.loads(log.splitlines()[0])["service"] == "gateway"


async def test_what_a_client_is_told_of_an_error_has_no_secret(house: House) -> None:
    admin = await house.tenant(role="admin")

    answers: list[httpx.Response] = [
        await admin.http.get("/v1/projects", params={"cursor": admin.key}),
        await admin.http.post("/v1/projects", json={"source": admin.key}),
        await admin.http.get(f"/v1/{admin.key}"),
    ]

    assert all(one.status_code >= 400 for one in answers)
    assert [one.text for one in answers if admin.key in one.text] == []


async def test_the_words_of_a_search_are_not_in_the_log_where_the_database_goes_under_it(
    house: House, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    await house.ready(tenant)
    words = "a confidential merger"
    async with house.sessions() as session:
        await run(session, "LOCK TABLE segments IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.create_task(tenant.http.get("/v1/search", params={"q": words}))
        [searching] = await searches_that_wait(house)
        await run(session, f"SELECT pg_terminate_backend({searching})")

        answer = await asking

    log = written(caplog)
    assert problem(answer) == (503, "unavailable")
    assert "FROM segments" in log, "the failed statement is told"
    assert [word for word in words.split()[1:] if word in log] == []


async def searches_that_wait(house: House) -> list[int]:
    """The backends that wait for a lock to search, as soon as there are any; the projector, which
    lays out what is searched, waits for it, too."""
    found: list[int] = []

    async def any_wait() -> bool:
        async with house.sessions() as session:  # a transaction sees what it saw at first
            found[:] = await run(
                session,
                "SELECT pid FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock' "
                "AND query LIKE '%tsquery%'",
            )
        return bool(found)

    await eventually(any_wait)
    return found


async def run(session: AsyncSession, statement: str) -> list[int]:
    """What a statement gives, in its first column."""
    result = await (await session.connection()).execute(text(statement))
    return list(result.scalars()) if result.returns_rows else []
