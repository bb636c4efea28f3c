"""Films from web servers: whole, resumed, bounded, and given up in words."""

import threading
from collections.abc import Iterator
from http import server as http_server
from pathlib import Path

import pytest

from clipforge_import.limits import Limits
from clipforge_import.sources import http
from clipforge_runtime.errors import Permanent, Transient
from web_server import (
    WebServer,
    chunked,
    ranged,
    redirect,
    silence,
    status,
    trickle,
    whole,
)

FILM = bytes(range(256)) * 2000  # half a megabyte
OTHER = FILM[::-1]
LIMITS = Limits(bytes=1024 * 1024, duration_ms=60_000)
# Pauses are short; how slow a server may be is for the tests of slowness to say.
QUICK = http.Patience(breaks=3, pause=0.01)
HASTY = http.Patience(connect=2, silence=0.5, window=0.3, window_bytes=64 * 1024, pause=0.01)


async def test_a_film_arrives_as_it_is_and_its_progress_is_told(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    with WebServer([whole(FILM)]) as server:
        await fetch(server, tmp_path, on_bytes=lambda have, total: seen.append((have, total)))

    assert (tmp_path / "film").read_bytes() == FILM
    assert seen[-1] == (len(FILM), len(FILM))
    assert seen == sorted(seen)


async def test_a_film_without_a_length_arrives(tmp_path: Path) -> None:
    with WebServer([chunked(lambda: iter([FILM[:1000], FILM[1000:]]))]) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM


async def test_redirects_are_followed(tmp_path: Path) -> None:
    with WebServer([redirect("/moved", 301), redirect("again?x=1", 307), whole(FILM)]) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM
    assert [asked.path for asked in server.asked] == ["/film.mp4", "/moved", "/again?x=1"]


async def test_a_cut_connection_goes_on_where_it_was(tmp_path: Path) -> None:
    answers = [ranged(FILM, cut_after=100_000), ranged(FILM, cut_after=50_000), ranged(FILM)]
    with WebServer(answers) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM
    asked = [(one.headers.get("Range"), one.headers.get("If-Range")) for one in server.asked]
    assert asked == [(None, None), ("bytes=100000-", '"one"'), ("bytes=150000-", '"one"')]


async def test_a_film_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    with WebServer([ranged(FILM, cut_after=100_000), ranged(OTHER, etag='"two"')]) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == OTHER


async def test_a_server_that_goes_on_with_another_film_is_noticed(tmp_path: Path) -> None:
    def careless(request: http_server.BaseHTTPRequestHandler) -> None:
        del request.headers["If-Range"]
        request.headers["If-Range"] = '"two"'
        ranged(OTHER, etag='"two"')(request)

    with WebServer(
        [ranged(FILM, cut_after=100_000), careless, ranged(OTHER, etag='"two"')]
    ) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == OTHER
    assert [one.headers.get("Range") for one in server.asked] == [None, "bytes=100000-", None]


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
async def test_a_server_without_ranges_is_asked_for_everything_once_more(
    tmp_path: Path, etag: str
) -> None:
    cut = whole(FILM[:100_000], promised=len(FILM), etag=etag)

    with WebServer([cut, whole(FILM, etag=etag)]) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM
    assert "Range" not in server.asked[1].headers


async def test_it_is_not_asked_for_everything_again_and_again(tmp_path: Path) -> None:
    with (
        WebServer([whole(FILM[:100_000], promised=len(FILM))]) as server,
        pytest.raises(Transient, match="breaks off in the middle"),
    ):
        await fetch(server, tmp_path)

    assert len(server.asked) == 2


async def test_a_server_that_ignores_ranges_sends_the_whole_again(tmp_path: Path) -> None:
    answers = [ranged(FILM, cut_after=100_000), whole(FILM, etag='"one"')]
    with WebServer(answers) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM


async def test_a_promise_of_too_many_bytes_is_found_out_where_the_server_says_so(
    tmp_path: Path,
) -> None:
    liar = whole(FILM, promised=len(FILM) + 1000, etag='"one"')
    with WebServer([liar, ranged(FILM)]) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM


async def test_a_server_that_is_unwell_for_a_moment_is_asked_again_for_the_rest(
    tmp_path: Path,
) -> None:
    with WebServer([ranged(FILM, cut_after=100_000), status(503), ranged(FILM)]) as server:
        await fetch(server, tmp_path)

    assert (tmp_path / "film").read_bytes() == FILM


async def test_a_connection_that_breaks_again_and_again_is_given_up(tmp_path: Path) -> None:
    with (
        WebServer([ranged(FILM, cut_after=10)]) as server,
        pytest.raises(Transient, match="breaks off"),
    ):
        await fetch(server, tmp_path)

    assert len(server.asked) == QUICK.breaks + 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (400, "answered 400"),
        (401, "asks for a login"),
        (403, "refuses to hand it out"),
        (404, "has no such file"),
        (410, "has removed the file"),
        (451, "answered 451"),
    ],
)
async def test_a_refusal_of_the_server_is_final(tmp_path: Path, code: int, words: str) -> None:
    with WebServer([status(code)]) as server, pytest.raises(Permanent, match=words) as refusal:
        await fetch(server, tmp_path)

    assert refusal.value.reason == f"http-{code}"
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
async def test_a_server_that_is_unwell_is_worth_another_attempt(tmp_path: Path, code: int) -> None:
    with WebServer([status(code)]) as server, pytest.raises(Transient, match=str(code)):
        await fetch(server, tmp_path)


async def test_circles_end(tmp_path: Path) -> None:
    with (
        WebServer([redirect("/film.mp4")]) as server,
        pytest.raises(Permanent, match="in circles") as refusal,
    ):
        await fetch(server, tmp_path)

    assert refusal.value.reason == "too-many-redirects"
    assert len(server.asked) == http.REDIRECTS + 1


async def test_a_web_page_is_not_taken_for_a_film(tmp_path: Path) -> None:
    with (
        WebServer([whole(b"<html>", content_type="text/html; charset=utf-8")]) as server,
        pytest.raises(Permanent, match="web page") as refusal,
    ):
        await fetch(server, tmp_path)

    assert refusal.value.reason == "web-page"


async def test_a_film_that_is_too_large_is_refused_by_its_length(tmp_path: Path) -> None:
    with (
        WebServer([whole(b"x", promised=LIMITS.bytes + 1)]) as server,
        pytest.raises(Permanent, match="larger than your plan takes") as refusal,
    ):
        await fetch(server, tmp_path)

    assert refusal.value.reason == "too-large"
    assert not (tmp_path / "film").exists()


async def test_a_body_without_end_is_cut_at_the_limit_of_the_plan(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    with WebServer([chunked(endless)]) as server, pytest.raises(Permanent) as refusal:
        await fetch(server, tmp_path)

    assert refusal.value.reason == "too-large"
    assert (tmp_path / "film").stat().st_size <= LIMITS.bytes


async def test_a_server_that_falls_silent_is_left(tmp_path: Path) -> None:
    over = threading.Event()
    with (
        WebServer([silence(over)]) as server,
        pytest.raises(Transient, match="does not answer in time"),
    ):
        await fetch(server, tmp_path, patience=HASTY)
    over.set()


async def test_a_server_that_only_trickles_is_left(tmp_path: Path) -> None:
    with WebServer([chunked(trickle)]) as server, pytest.raises(Transient, match="too slowly"):
        await fetch(server, tmp_path, patience=HASTY)


async def test_a_server_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with WebServer([status(200)]) as server:
        gone = server.url()
        allowed = server.allowed

    with pytest.raises(Transient, match="cannot be reached"):
        await http.fetch(gone, tmp_path / "film", limits=LIMITS, allowed=allowed, on_bytes=ignore)


async def test_a_name_that_nobody_has_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="There is no server called films"):
        await http.fetch(
            "http://films.invalid/a.mp4",
            tmp_path / "film",
            limits=LIMITS,
            allowed=frozenset(),
            on_bytes=ignore,
        )


async def test_https_that_is_none_is_said_so(tmp_path: Path) -> None:
    with (
        WebServer([whole(FILM)]) as server,
        pytest.raises(Transient, match="does not speak https"),
    ):
        await http.fetch(
            server.url().replace("http:", "https:"),
            tmp_path / "film",
            limits=LIMITS,
            allowed=server.allowed,
            on_bytes=ignore,
        )


def ignore(have: int, total: int | None) -> None:
    """Nobody wants to know."""


async def fetch(
    server: WebServer,
    folder: Path,
    on_bytes: http.OnBytes = ignore,
    patience: http.Patience = QUICK,
) -> None:
    await http.fetch(
        server.url(),
        folder / "film",
        limits=LIMITS,
        allowed=server.allowed,
        on_bytes=on_bytes,
        patience=patience,
    )
