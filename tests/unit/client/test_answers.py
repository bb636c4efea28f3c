"""Answers: good ones read, bad ones as errors in words, strangers known as such."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from awaited import Awaited
from clipforge_client import (
    ApiError,
    AsyncClient,
    Changed,
    Client,
    ClientError,
    Conflict,
    Forbidden,
    Invalid,
    NotClipForge,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from clipforge_client.answers import EventParser, retry_after
from scripted_gateway import PROJECT, Talk, problem


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (412, Changed),
        (413, Invalid),
        (422, Invalid),
        (429, TooManyRequests),
        (500, ApiError),
        (503, Unavailable),
    ],
)
def test_each_problem_has_its_error(talk: Talk, status: int, kind: type[ApiError]) -> None:
    client, _ = talk(problem(status, "It is so", request_id="req-1"))

    with pytest.raises(ApiError, match=r"It is so\. Because\.") as caught:
        client.project("prj_1")

    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.request_id == "req-1"


def test_an_invalid_request_names_its_fields(talk: Talk) -> None:
    fault = {"field": "body.options.clips", "message": "at most 50"}
    client, _ = talk(problem(422, errors=[fault]))

    with pytest.raises(Invalid, match=r"body\.options\.clips: at most 50") as caught:
        client.create_project(url="https://example.com/talk.mp4")

    assert caught.value.errors == [fault]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, html="<h1>nginx</h1>"),
        httpx.Response(200, html="<h1>Welcome</h1>"),
        httpx.Response(200, json={"hello": "world"}),
        httpx.Response(200, json=[1]),
        httpx.Response(302, headers={"Location": "https://elsewhere"}),
    ],
)
def test_another_server_at_the_address_is_said_to_be_one(
    talk: Talk, answer: httpx.Response
) -> None:
    client, _ = talk(answer)

    with pytest.raises(NotClipForge, match="is CLIPFORGE_URL right"):
        client.project("prj_1")


def test_a_proxy_that_finds_no_gateway_counts_as_away(talk: Talk) -> None:
    client, gateway = talk(httpx.Response(502, html="<h1>Bad Gateway</h1>"))

    with pytest.raises(Unavailable, match="answered 502"):
        client.project("prj_1")

    assert len(gateway.requests) > 1


def test_fields_of_a_newer_server_are_ignored(talk: Talk) -> None:
    client, _ = talk(httpx.Response(200, json={**PROJECT, "mood": "good"}))

    assert client.project("prj_1").title == "A talk"


def test_health_is_told_also_where_a_part_is_away(talk: Talk) -> None:
    body = {
        **{"status": "degraded", "checks": {"database": False}, "version": "1"},
        **{"uptime_seconds": 1, "memory_bytes": 1, "cpu_seconds": 1},
    }
    client, _ = talk(httpx.Response(503, json=body))

    assert client.health().checks == {"database": False}


def test_an_id_stays_one_part_of_the_path(talk: Talk) -> None:
    client, gateway = talk(httpx.Response(200, json=PROJECT))

    client.project("../queues/metrics?x=")

    assert gateway.requests[0].url.raw_path.startswith(b"/v1/projects/..%2Fqueues%2Fmetrics%3Fx%3D")


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://host", "http://", "http://host:port", "8000"]
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, kind: type[Client | AsyncClient], url: str
) -> None:
    monkeypatch.delenv("CLIPFORGE_URL", raising=False)

    with pytest.raises(Unreachable, match="CLIPFORGE_URL"):
        kind(url)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_key_that_cannot_be_one_is_refused_in_words(kind: type[Client | AsyncClient]) -> None:
    with pytest.raises(ClientError, match="CLIPFORGE_API_KEY"):
        kind("http://gateway", "cf_größe")


def test_address_and_key_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("CLIPFORGE_URL", " http://gateway:8000/ ")
    monkeypatch.setenv("CLIPFORGE_API_KEY", "cf_secret\n")
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=PROJECT)

    transport = httpx.MockTransport(answer)
    client = (
        Client(transport=transport)
        if way == "blocking"
        else Awaited(AsyncClient(transport=transport))
    )
    client.project("prj_1")
    client.close()

    assert str(sent[0].url).startswith("http://gateway:8000/v1/projects/prj_1")
    assert sent[0].headers["Authorization"] == "Bearer cf_secret"


def test_a_pause_is_asked_for_in_seconds_or_by_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=90)

    assert retry_after({"retry-after": "12"}) == 12
    assert 60 < (retry_after({"retry-after": format_datetime(soon, usegmt=True)}) or 0) <= 90
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_an_event_ends_with_an_empty_line() -> None:
    parser = EventParser()
    lines = [
        *("retry: 2000", ""),
        *(": still here", ""),
        *("id: 7-1", "event: video-imported", 'data: {"a":', "data: 1}", ""),
        *("event: progress", 'data:{"percent": 5}', ""),
    ]

    events = [event for line in lines for event in parser.feed(line)]

    assert [(one.name, one.id, one.data) for one in events] == [
        ("video-imported", "7-1", {"a": 1}),
        ("progress", "", {"percent": 5}),
    ]
