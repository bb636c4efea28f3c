"""Headers, cursors and ids of any bytes: no 5xx, no undocumented answer, nothing in the log."""

import asyncio
import json
import logging
import re
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipforge_gateway.app import create_app
from clipforge_runtime.logs import JsonFormatter
from gateways import House, Tenant
from workshop import PATIENCE

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

MARK = "mArKeDbYaTeSt"
OURS = ("clipforge", "uvicorn.error")  # the log of requests is off, but for the test's own ear
# The log of a test is emptied before each example.
SOME = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
HEADERS = (
    *("X-Request-Id", "Last-Event-ID", "If-None-Match", "If-Match", "Idempotency-Key", "Cookie"),
    *("Authorization", "X-API-Key", "traceparent", "Host", "Accept", "Content-Type", "Origin"),
    *("X-Forwarded-For", "X-Forwarded-Host", "Range", "Expect", "Upgrade", "Content-Encoding"),
)
# What a server of HTTP/1.1 answers to what is no request, before there is a route.
NO_REQUEST = 400


@cache
def document() -> dict[str, Any]:
    return create_app().openapi()


def lists() -> list[str]:
    """Every address that takes a cursor."""
    return [
        path
        for path, methods in document()["paths"].items()
        if any(one["name"] == "cursor" for one in methods.get("get", {}).get("parameters", ()))
    ]


def statuses(path: str, method: str = "get") -> set[int]:
    return {int(code) for code in document()["paths"][path][method]["responses"]}


async def sent(house: House, head: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Status and head of the answer to these very bytes. 0: none, the connection is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.settings.port)
    try:
        writer.write(head + b"\r\n\r\n" + body)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readuntil(b"\r\n\r\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0, b""
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1]), answer


def logged(records: Iterable[logging.LogRecord]) -> str:
    """As a service writes it: a line each."""
    ours = [record for record in records if record.name.startswith(OURS)]
    lines = [JsonFormatter("gateway").format(record) for record in ours]
    assert not any("\n" in line for line in lines)
    for line in lines:
        json.loads(line)
    return "\n".join(lines)


@SOME
@given(name=st.sampled_from(HEADERS), value=st.binary(max_size=120))
async def test_a_header_of_any_bytes_does_no_harm(
    house: House, tenant: Tenant, caplog: pytest.LogCaptureFixture, name: str, value: bytes
) -> None:
    caplog.clear()
    caplog.set_level(logging.INFO)
    fields = {"Host": b"gateway", "Authorization": f"Bearer {tenant.key}".encode()}
    fields[name] = MARK.encode() + value
    lines = [f"{name}: ".encode() + told for name, told in fields.items()]

    status, head = await sent(house, b"\r\n".join([b"GET /v1/projects HTTP/1.1", *lines]))

    if not status:  # the connection is over, and nothing else
        status, head = await sent(house, b"GET /health/live HTTP/1.1\r\nHost: gateway")
        assert status == 200
    assert status in {NO_REQUEST, *statuses("/v1/projects")}
    assert status < 500
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line]
    assert len(names) == len(set(names)), "a header came from the request"
    [told] = re.findall(rb"(?i)x-request-id: (.*)\r\n", head) or [b"none"]
    assert re.fullmatch(rb"[A-Za-z0-9._-]+", told)
    assert tenant.key not in logged(caplog.records)
    assert MARK not in logged(caplog.records) or name == "X-Request-Id"


@SOME
@given(
    path=st.sampled_from(lists()), cursor=st.one_of(st.text(max_size=200), st.binary(max_size=200))
)
async def test_a_cursor_of_anything_is_refused_or_is_one(
    house: House, tenant: Tenant, caplog: pytest.LogCaptureFixture, path: str, cursor: str | bytes
) -> None:
    caplog.clear()
    caplog.set_level(logging.INFO)
    nobody_s = re.sub(r"{(\w+)}", lambda name: EXAMPLE[name[1]], path)
    shown = (
        quote(cursor, safe="", errors="surrogatepass") if isinstance(cursor, str) else quote(cursor)
    )
    needed = "&q=word" if "search" in path else ""

    answer = await tenant.http.get(f"{nobody_s}?cursor={shown}{needed}")

    assert answer.status_code in statuses(path)
    assert answer.status_code < 500
    logged(caplog.records)


@SOME
@given(
    path=st.sampled_from(sorted(one for one in document()["paths"] if "{" in one)),
    text=st.text(min_size=1, max_size=80),
)
async def test_an_id_of_anything_is_not_found_or_not_valid(
    house: House, tenant: Tenant, caplog: pytest.LogCaptureFixture, path: str, text: str
) -> None:
    caplog.clear()
    caplog.set_level(logging.INFO)
    shown = quote(MARK + text, safe="", errors="surrogatepass")
    url = httpx.URL(house.url + re.sub(r"{\w+}", lambda _: shown, path))

    for method in document()["paths"][path]:
        answer = await tenant.http.request(method, url, headers={"If-Match": "*"})

        assert answer.status_code in {403, 404, 405, 422, *statuses(path, method)}
        assert answer.status_code < 500
        assert answer.status_code >= 400 or method == "get", f"{method} {path}"
    assert MARK not in logged(caplog.records)


EXAMPLE = {
    "project_id": f"prj_{'0' * 26}",
    "clip_id": f"clip_{'0' * 26}",
    "batch_id": f"bat_{'0' * 26}",
    "kit_id": f"kit_{'0' * 26}",
    "style_id": f"sty_{'0' * 26}",
    "preset_id": f"pst_{'0' * 26}",
    "webhook_id": f"whk_{'0' * 26}",
    "tenant_id": f"ten_{'0' * 26}",
    "upload_id": f"upl_{'0' * 26}",
    "queue": "video-import",
}
