"""Whatever is sent, the answer is a problem that says what to do, and never a 5xx."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from clipforge_gateway.limits import DOCS_POLICY, MAX_BODY, SAFE
from gateways import FILM, House, Tenant, problem
from samples import PROJECT
from workshop import PATIENCE

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/projects/", "/v1//projects", "/v2/projects", "/%00"]
)
async def test_an_address_of_nothing_is_not_found(tenant: Tenant, path: str) -> None:
    answer = await tenant.http.get(path)

    assert problem(answer) == (404, "not-found")
    assert "/docs" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/projects", "GET, POST"),
        ("PUT", f"/v1/projects/{PROJECT}", "DELETE, GET, PATCH"),
        ("DELETE", "/health", "GET"),
        # Words, and no ids of what a template names.
        ("GET", "/v1/dead-letters/replay", "POST"),
        ("PATCH", "/v1/presets/built-in", "GET"),
        ("DELETE", "/v1/caption-styles/built-in", "GET"),
        ("GET", "/v1/exports/batch", "POST"),
        ("TRACE", "/v1/projects", "GET, POST"),
    ],
)
async def test_a_method_that_an_address_does_not_take_is_refused_with_those_it_takes(
    tenant: Tenant, method: str, path: str, allowed: str
) -> None:
    answer = await tenant.http.request(method, path)

    assert problem(answer) == (405, "method-not-allowed")
    assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"source": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"source": ' + b"9" * 10_000 + b"}",
        b"source=url",
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("path", ["/v1/projects", "/v1/uploads", "/v1/exports"])
async def test_a_body_that_is_broken_is_refused(tenant: Tenant, path: str, body: bytes) -> None:
    answer = await tenant.http.post(
        path, content=body, headers={"Content-Type": "application/json"}
    )

    assert problem(answer) == (422, "invalid")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "multipart/form-data"])
async def test_a_body_of_another_kind_is_refused(tenant: Tenant, kind: str) -> None:
    answer = await tenant.http.post("/v1/uploads", content=b"x", headers={"Content-Type": kind})

    assert problem(answer) == (422, "invalid")


async def test_a_body_that_is_too_large_is_refused(tenant: Tenant) -> None:
    answer = await tenant.http.post("/v1/projects", content=b"x" * (MAX_BODY + 1))

    assert problem(answer) == (413, "too-large")
    assert str(MAX_BODY) in answer.json()["detail"]


async def test_a_body_without_a_declared_length_is_refused_as_soon_as_it_is_too_large(
    tenant: Tenant,
) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (MAX_BODY // 10)

    answer = await tenant.http.post("/v1/projects", content=blocks())

    assert problem(answer) == (413, "too-large")


@pytest.mark.parametrize("letters", [8 * 1024, 32 * 1024])
async def test_an_address_that_is_too_long_is_refused(tenant: Tenant, letters: int) -> None:
    answer = await tenant.http.get("/v1/projects", params={"cursor": "c" * letters})

    assert problem(answer) == (414, "address-too-long")


async def test_what_is_no_http_is_refused_and_the_next_is_served(house: House) -> None:
    host, port = house.settings.host, house.settings.port
    for nonsense in (b"\x16\x03\x01\x02\x00", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n"):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(nonsense + b"\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 "), answer[:80]

    async with house.client() as anybody:
        assert (await anybody.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "\x00"},
        {"state": "\x00"},
        {"limit": "\x00"},
        {"limit": "٣"},
        {"limit": "9" * 5000},
        {"unknown": "\x00"},
    ],
)
async def test_odd_parameters_are_refused_or_not_looked_at(
    tenant: Tenant, params: dict[str, str]
) -> None:
    answer = await tenant.http.get("/v1/projects", params=params)

    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert problem(answer)[1] in ("invalid",)


@pytest.mark.parametrize("text", ["\x00", "\u202e", "🎬" * 50, "'; DROP TABLE projects; --", "<b>"])
async def test_odd_titles_are_kept_as_they_are_or_refused(
    house: House, tenant: Tenant, text: str
) -> None:
    answer = await tenant.http.post(
        "/v1/projects", json={"source": {"type": "url", "url": FILM}, "title": text}
    )

    if "\x00" in text:
        assert problem(answer) == (422, "invalid")
        return
    await house.caught_up()
    seen = await tenant.http.get(answer.headers["location"])
    assert seen.json()["title"] == text


async def test_a_defect_of_ours_is_a_problem_without_its_details(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr("clipforge_gateway.views.submitted", broken)
    answer = await tenant.http.post(
        "/v1/projects",
        json={"source": {"type": "url", "url": FILM}},
        headers={"X-Request-Id": "find-me"},
    )

    assert problem(answer) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "find-me"
    assert answer.headers["x-content-type-options"] == "nosniff"
    [record] = [one for one in caplog.records if "find-me" in one.getMessage()]
    assert record.exc_info


@pytest.mark.parametrize("path", ["/v1/projects", "/v1/nothing", "/health/live", "/docs"])
async def test_every_answer_has_a_request_id_and_safe_headers(house: House, path: str) -> None:
    async with house.client() as anybody:
        answer = await anybody.get(path)
        other = await anybody.get(path)

    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] != other.headers["x-request-id"]
    for name, value in SAFE.items():
        if (name, path) == ("Content-Security-Policy", "/docs"):  # the page runs its own scripts
            value = DOCS_POLICY
        assert answer.headers[name] == value
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("trace-1_A", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ('{"x"}', False)],
)
async def test_a_request_id_of_the_callers_is_kept_where_it_is_harmless(
    tenant: Tenant, sent: str, kept: bool
) -> None:
    answer = await tenant.http.get("/v1/projects", headers={"X-Request-Id": sent})

    assert (answer.headers["x-request-id"] == sent) is kept


async def test_every_route_answers_nonsense_with_a_problem(tenant: Tenant) -> None:
    document = (await tenant.http.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        if path.startswith("/health"):
            continue
        for method, operation in methods.items():
            filled = path.replace("{queue}", "transcription")
            for name in ("project", "clip", "export", "upload", "job"):
                filled = filled.replace(f"{{{name}_id}}", "%00%2F..%E2%80%A8")
            body = json.dumps({"\u0000": ["\ud800"]}) if "requestBody" in operation else None
            answer: httpx.Response = await tenant.http.request(
                method,
                filled,
                content=body,
                params={"cursor": "\u0000", "limit": "NaN"},
                headers={"Last-Event-ID": "x" * 65},
            )
            assert answer.status_code < 500, f"{method} {path}: {answer.text}"
            if answer.status_code >= 400:
                problem(answer)
