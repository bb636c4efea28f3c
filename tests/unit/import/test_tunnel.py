"""The proxy for libraries that connect by themselves: the guard stands in it, too."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from clipforge_import.sources.tunnel import Tunnel, tunnel
from clipforge_runtime.outbound import Allowed
from web_server import WebServer, whole


@pytest.fixture
async def strict() -> AsyncIterator[Tunnel]:
    async with tunnel(frozenset()) as opened:
        yield opened


async def test_a_tunnel_carries_bytes_both_ways() -> None:
    with WebServer([whole(b"page")]) as server:
        async with tunnel(server.allowed) as opened:
            reader, writer, status = await ask(opened, f"127.0.0.1:{server.port}")
            writer.write(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await reader.read()
            writer.close()

    assert status == 200
    assert answer.endswith(b"page")
    assert [asked.path for asked in server.asked] == ["/page"]


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1:{}", "localhost:{}", "2130706433:{}", "[::1]:{}", "[::ffff:127.0.0.1]:{}", "0:{}"],
)
async def test_no_tunnel_leads_inside(strict: Tunnel, target: str) -> None:
    with WebServer([whole(b"secret")]) as server:
        _, writer, status = await ask(strict, target.format(server.port))
        writer.close()

    assert status == 403
    assert [refusal.reason for refusal in strict.refused] == ["forbidden-address"]
    assert server.asked == []


async def test_a_stranger_without_the_password_is_turned_away(strict: Tunnel) -> None:
    _, writer, status = await ask(strict, "example.com:443", password="guess")
    writer.close()

    assert status == 407


@pytest.mark.parametrize(
    "head",
    [
        b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"CONNECT " + b"x" * 20_000 + b"\r\n\r\n",
    ],
)
async def test_nothing_but_connect_is_understood(strict: Tunnel, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", strict.port)
    writer.write(head)

    status = await reader.readline()
    writer.close()

    assert b" 405 " in status


@pytest.mark.parametrize("target", ["films.invalid:443", "127.0.0.1:{closed}"])
async def test_what_cannot_be_reached_is_a_bad_gateway(target: str) -> None:
    with WebServer([whole(b"")]) as server:
        closed, allowed = server.port, server.allowed

    async with tunnel(allowed) as opened:
        _, writer, status = await ask(opened, target.format(closed=closed))
        writer.close()

    assert status == 502
    assert opened.refused == []


async def test_its_end_breaks_every_connection_off() -> None:
    with WebServer([whole(b"page")]) as server:
        async with tunnel(server.allowed) as opened:
            reader, writer, _ = await ask(opened, f"127.0.0.1:{server.port}")

        assert await reader.read() == b""
        writer.close()


async def test_a_client_of_the_trade_understands_it() -> None:
    allowed: Allowed
    with WebServer([whole(b"page")]) as server:
        allowed = server.allowed
        async with (
            tunnel(allowed) as opened,
            httpx.AsyncClient(proxy=opened.url, trust_env=False) as client,
        ):
            with pytest.raises(httpx.ConnectError):  # the tunnel stands; what answers is no TLS
                await client.get(f"https://127.0.0.1:{server.port}/")
            with pytest.raises(httpx.ProxyError, match="403"):
                await client.get("https://127.0.0.1:1/")


async def ask(
    opened: Tunnel, target: str, password: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    user = httpx.URL(opened.url)
    auth = httpx.BasicAuth(user.username, password or user.password)
    signed = next(auth.auth_flow(httpx.Request("GET", "http://x"))).headers["Authorization"]
    writer.write(f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: {signed}\r\n\r\n".encode())
    status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
    return reader, writer, status
