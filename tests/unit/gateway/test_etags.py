"""Entity tags: what is not sent again, and what is not overwritten."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from clipforge_gateway import etags, problems
from clipforge_gateway.etags import EntityTags, IfMatch
from clipforge_gateway.problems import CHANGED, UNCONDITIONAL, Problem

APP = FastAPI()
APP.add_middleware(EntityTags)
problems.install(APP)


@APP.get("/v1/things/{name}")
async def thing(name: str) -> dict[str, str]:
    return {"name": name}


@APP.get("/v1/edited")
async def edited(response: Response) -> dict[str, str]:
    response.headers["ETag"] = etags.of_sequence("17", 4)
    return {"name": "edited"}


@APP.patch("/v1/edited")
async def edit(if_match: IfMatch = "") -> dict[str, str]:
    etags.require_match(if_match, etags.of_sequence("17", 4))
    return {"name": "anew"}


@APP.get("/v1/stream")
async def stream() -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    return StreamingResponse(lines(), media_type="text/event-stream")


@APP.get("/v1/missing")
async def missing() -> None:
    raise Problem(problems.NOT_FOUND, "There is no such thing.")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=APP), base_url="http://here"
    ) as client:
        yield client


async def test_what_the_client_has_is_not_sent_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/v1/things/a")

    again = await http.get("/v1/things/a", headers={"If-None-Match": first.headers["etag"]})
    weak = await http.get("/v1/things/a", headers={"If-None-Match": f"W/{first.headers['etag']}"})

    assert [again.status_code, weak.status_code] == [304, 304]
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-type" not in again.headers


async def test_what_has_changed_is_sent(http: httpx.AsyncClient) -> None:
    first = await http.get("/v1/things/a")

    other = await http.get("/v1/things/b", headers={"If-None-Match": first.headers["etag"]})

    assert (other.status_code, other.json()) == (200, {"name": "b"})
    assert other.headers["etag"] != first.headers["etag"]


async def test_a_route_may_say_its_own_tag(http: httpx.AsyncClient) -> None:
    first = await http.get("/v1/edited")
    again = await http.get("/v1/edited", headers={"If-None-Match": '"other", "17-4"'})

    assert first.headers["etag"] == '"17-4"'
    assert again.status_code == 304


async def test_what_is_streamed_and_what_is_refused_have_no_tag(http: httpx.AsyncClient) -> None:
    streamed = await http.get("/v1/stream", headers={"If-None-Match": "*"})
    refused = await http.get("/v1/missing", headers={"If-None-Match": "*"})

    assert (streamed.status_code, streamed.text) == (200, "onetwo")
    assert refused.status_code == 404
    assert not {"etag"} & {*streamed.headers, *refused.headers}


async def test_an_edit_of_what_the_client_has_seen_goes_through(http: httpx.AsyncClient) -> None:
    tag = (await http.get("/v1/edited")).headers["etag"]

    seen = await http.patch("/v1/edited", headers={"If-Match": tag})
    whatever = await http.patch("/v1/edited", headers={"If-Match": "*"})

    assert [seen.status_code, whatever.status_code] == [200, 200]


@pytest.mark.parametrize(
    ("sent", "kind"),
    [("", UNCONDITIONAL), ('"17-3"', CHANGED), ('"16-4"', CHANGED), ('W/"17-4"', CHANGED)],
    ids=["none", "an older one", "of another log", "a weak one"],
)
async def test_another_edit_is_refused(
    http: httpx.AsyncClient, sent: str, kind: problems.Kind
) -> None:
    answer = await http.patch("/v1/edited", headers={"If-Match": sent} if sent else {})

    assert answer.status_code == kind.status
    assert answer.json()["type"].endswith(kind.code)
