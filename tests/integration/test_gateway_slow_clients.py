"""Slow clients: who sends or takes a byte a moment is let go, and nobody else waits for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from clipforge_gateway import limits, slow_clients
from gateways import House, Tenant
from workshop import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SHORT = 0.5  # seconds of patience, in these tests


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "LEFT_OVER_SECONDS", "TAKE_SECONDS"):
        monkeypatch.setattr(slow_clients, name, SHORT)
    monkeypatch.setattr(limits, "BODY_SECONDS", SHORT)


@asynccontextmanager
async def connected(
    house: House,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.settings.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def trickle(writer: asyncio.StreamWriter, data: Iterator[int]) -> None:
    """A byte a moment, until nobody listens any more."""
    try:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(SHORT / 10)
    except ConnectionError:
        return


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other end is done."""
    found = b""
    async with asyncio.timeout(PATIENCE):
        try:
            while block := await reader.read(65536):
                found += block
        except ConnectionError:
            return found
    return found


def dropped(what: str) -> float:
    return REGISTRY.get_sample_value("clipforge_slow_clients_total", {"what": what}) or 0.0


@pytest.mark.parametrize(
    "before",
    [b"", b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"],
    ids=["the first request", "a later one"],
)
async def test_headers_that_come_a_byte_a_moment_end_the_connection(
    house: House, before: bytes
) -> None:
    was = dropped("no head")
    async with connected(house) as (reader, writer):
        if before:
            writer.write(before)
            await reader.readuntil(b"}")
        sending = asyncio.create_task(
            trickle(writer, iter(b"GET / HTTP/1.1\r\nX-Slow: " + b"x" * 10_000))
        )

        answer = await rest(reader)
        await sending

    assert answer == b""
    assert dropped("no head") == was + 1


async def test_a_connection_that_says_nothing_is_ended(house: House) -> None:
    async with connected(house) as (reader, _):
        assert await rest(reader) == b""


async def test_a_body_that_comes_a_byte_a_moment_is_refused_and_the_connection_ended(
    house: House, tenant: Tenant
) -> None:
    was = dropped("body")
    head = (
        "POST /v1/projects HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {tenant.key}\r\nContent-Length: 5000\r\n\r\n"
    )
    async with connected(house) as (reader, writer):
        writer.write(head.encode())
        sending = asyncio.create_task(trickle(writer, iter(b" " * 5000)))

        answer = await rest(reader)
        sending.cancel()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/too-slow" in answer
    assert b"connection: close" in answer.lower()
    assert dropped("body") == was + 1


async def test_the_rest_of_a_body_that_nobody_waits_for_is_not_waited_for(house: House) -> None:
    head = "POST /v1/nothing HTTP/1.1\r\nHost: gateway\r\nContent-Length: 5000\r\n\r\n"
    async with connected(house) as (reader, writer):
        writer.write(head.encode())
        sending = asyncio.create_task(trickle(writer, iter(b" " * 5000)))

        answer = await rest(reader)
        sending.cancel()

    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_who_does_not_take_an_answer_is_let_go(house: House) -> None:
    was = dropped("not taken")
    ask = b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: gateway\r\n\r\n"
    async with connected(house) as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(ask * 20)  # more than all buffers between

        async def let_go() -> bool:
            return dropped("not taken") == was + 1

        await eventually(let_go)


async def test_a_stream_of_events_is_not_slow(house: House, tenant: Tenant) -> None:
    project = await house.submit(tenant)
    was = {what: dropped(what) for what in ("no head", "left over", "not taken", "body")}

    async with tenant.http.stream("GET", f"/v1/projects/{project}/events") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        await asyncio.sleep(3 * SHORT)  # longer than anything may take

        again = await tenant.http.get(f"/v1/projects/{project}")

    assert again.status_code == 200
    assert {what: dropped(what) for what in was} == was


async def test_nobodies_who_are_slow_take_no_place_of_others(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", PATIENCE)
    monkeypatch.setattr(house.parts.load, "_most", 20)
    head = b"POST /v1/projects HTTP/1.1\r\nHost: gateway\r\nContent-Length: 5000\r\n\r\n"
    writers = []
    for n in range(100):
        _, writer = await asyncio.open_connection("127.0.0.1", house.settings.port)
        writer.write(head if n % 2 else head[:40])
        writers.append(writer)

    answer = await tenant.http.get("/v1/projects")

    for writer in writers:
        writer.close()
    assert answer.status_code == 200
