"""Nothing but the public internet is connected to, whatever an address looks like."""

import asyncio
from pathlib import Path

import httpcore
import pytest
from pydantic import SecretStr

from clipforge_import.limits import Limits
from clipforge_import.settings import Settings
from clipforge_import.sources import http
from clipforge_runtime.errors import Permanent
from clipforge_runtime.outbound import GuardedBackend, checked, is_public
from web_server import WebServer, redirect, whole

PUBLIC = "93.184.216.34"
LIMITS = Limits(bytes=1024 * 1024, duration_ms=60_000)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:93.184.216.34"],
)
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3"),  # noqa: S104  (refused)
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("100.64.0.1", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *(
            "::",
            "::1",
            "::127.0.0.1",
            "fe80::1",
            "fe80::1%eth0",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
        ),
        *("ff02::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "64:ff9b::808:808"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "::ffff:0:127.0.0.1"),
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST", "127.1", "0", "0.0.0.0"),  # noqa: S104  (refused)
        *("2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[fe80::1]"),
        *("169.254.169.254", "2852039166", "0xa9fea9fe", "[fd00:ec2::254]", "[64:ff9b::7f00:1]"),
        *("10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1"),
    ],
)
async def test_no_way_of_writing_an_address_gets_past(host: str, tmp_path: Path) -> None:
    with WebServer([whole(b"secret")]) as server, pytest.raises(Permanent) as refusal:
        await fetch(f"http://{host}:{server.port}/film.mp4", tmp_path / "film")

    assert refusal.value.reason in {"forbidden-address", "bad-address"}
    assert server.asked == []


@pytest.mark.parametrize("url", ["http://①②⑦.⓪.⓪.①/", "http://[::1/", "http://a:b/"])
async def test_what_is_no_address_is_refused_in_words(url: str, tmp_path: Path) -> None:
    with pytest.raises(Permanent) as refusal:
        await fetch(url, tmp_path / "film")

    assert refusal.value.reason in {"bad-address", "forbidden-address"}


@pytest.mark.parametrize(
    "url", ["ftp://example.com/f", "file:///etc/passwd", "gopher://x/", "//x", ""]
)
async def test_other_schemes_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Permanent) as refusal:
        await fetch(url, tmp_path / "film")

    assert refusal.value.reason == "forbidden-address"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{closed}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "//2130706433:{port}/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://[::1",
    ],
)
async def test_a_redirect_passes_the_guard_again(target: str, tmp_path: Path) -> None:
    answers = [whole(b"never asked for")]
    with WebServer(answers) as server:
        answers.insert(0, redirect(target.format(port=server.port, closed=server.port + 1)))

        with pytest.raises(Permanent) as refusal:
            await fetch(server.url(), tmp_path / "film", server.allowed)

    assert refusal.value.reason in {"forbidden-address", "bad-address"}
    assert len(server.asked) == 1


async def test_what_the_operator_allows_is_fetched_from_at_that_port_only(tmp_path: Path) -> None:
    with WebServer([whole(b"film")]) as allowed, WebServer([whole(b"secret")]) as other:
        await fetch(allowed.url(), tmp_path / "film", allowed.allowed)
        with pytest.raises(Permanent):
            await fetch(other.url(), tmp_path / "secret", allowed.allowed)

    assert (tmp_path / "film").read_bytes() == b"film"
    assert other.asked == []


def test_the_setting_takes_names_and_addresses_of_both_kinds() -> None:
    settings = Settings(
        nats_url="nats://127.0.0.1:1",
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="none",
        s3_secret_key=SecretStr("none"),
        import_allow="Films.internal:8080, 10.0.0.5:80,[::1]:9000",
    )

    assert settings.allowed == {("films.internal", 8080), ("10.0.0.5", 80), ("::1", 9000)}


@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1"],
        [PUBLIC, "10.0.0.1"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, "::1"],
        [PUBLIC, "::ffff:a00:1"],
    ],
)
async def test_one_private_answer_of_the_name_server_spoils_them_all(answers: list[str]) -> None:
    async def resolving(host: str, port: int) -> list[str]:
        return answers

    with pytest.raises(Permanent) as refusal:
        await checked("films.example", 443, frozenset(), resolving)

    assert refusal.value.reason == "forbidden-address"
    assert "films.example" in str(refusal.value)


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[str] = []

    async def resolving(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with WebServer([whole(b"film")]) as server:
        backend = GuardedBackend(frozenset({("films.example", server.port)}), resolving)
        stream = await backend.connect_tcp("films.example", server.port)
        peer = stream.get_extra_info("server_addr")
        await stream.aclose()

    assert asked == ["films.example"]
    assert peer[:2] == ("127.0.0.1", server.port)


async def test_a_name_that_changes_its_answer_is_refused_at_the_next_connection() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def resolving(host: str, port: int) -> list[str]:
        return next(answers)

    first = await checked("films.example", 80, frozenset(), resolving)
    with pytest.raises(Permanent):
        await GuardedBackend(frozenset(), resolving).connect_tcp("films.example", 80)

    assert first == [PUBLIC]


async def test_a_dead_address_of_a_name_gives_way_to_a_live_one() -> None:
    with WebServer([whole(b"film")]) as server:

        async def resolving(host: str, port: int) -> list[str]:
            return ["127.9.9.9", "127.0.0.1"]

        backend = GuardedBackend(frozenset({("films.example", server.port)}), resolving)
        stream = await backend.connect_tcp("films.example", server.port, timeout=5)
        await stream.aclose()


async def test_unix_sockets_are_out_of_reach() -> None:
    with pytest.raises(Permanent):
        await GuardedBackend(frozenset()).connect_unix_socket("/run/secret.sock")


async def test_a_name_server_that_does_not_answer_is_not_waited_for_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    monkeypatch.setattr("clipforge_runtime.outbound.RESOLVE_SECONDS", 0.05)

    with pytest.raises(httpcore.ConnectError):
        await checked("films.example", 80, frozenset())


async def fetch(url: str, to: Path, allowed: frozenset[tuple[str, int]] = frozenset()) -> None:
    await http.fetch(url, to, limits=LIMITS, allowed=allowed, on_bytes=lambda *_: None)
