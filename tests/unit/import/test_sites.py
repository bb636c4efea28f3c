"""Pages of video sites: refused in words unless turned on, and bounded where they are."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipforge_import.limits import Limits
from clipforge_import.sources import sites
from clipforge_import.sources.sites import Page, Track, as_page, is_site
from clipforge_media.probe import probe
from clipforge_runtime.errors import Permanent, Transient
from films import Films
from importing import House
from web_server import WebServer, whole

PAGE = "https://www.youtube.com/watch?v=abc"
ON = frozenset({"youtube.com"})
LIMITS = Limits(bytes=10 * 1024 * 1024, duration_ms=60_000)


@pytest.mark.parametrize(
    "url", [PAGE, "https://youtu.be/abc", "http://m.youtube.com/watch?v=a", "https://vimeo.com/1"]
)
async def test_a_page_of_a_video_site_is_refused_with_what_to_install(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(Permanent, match=r"clipforge-import\[sites\]") as refusal:
        await House(tmp_path).fetch(url)

    assert refusal.value.reason == "video-site"
    assert "upload" in str(refusal.value)
    assert "CLIPFORGE_IMPORT_SITES" in str(refusal.value)


@pytest.mark.skipif(bool(importlib.util.find_spec("yt_dlp")), reason="the extra is installed")
async def test_turning_a_site_on_without_the_extra_says_the_same(tmp_path: Path) -> None:
    with pytest.raises(Permanent) as refusal:
        await fetch(tmp_path, read=None)

    assert refusal.value.reason == "video-site"


@pytest.mark.parametrize(
    "url",
    [
        "https://youtube.com.evil.example/",
        "https://notyoutube.com/",
        "https://example.com/y.mp4",
        "http://[::1",
    ],
)
def test_only_the_site_itself_is_the_site(url: str) -> None:
    assert not is_site(url, ON)


async def test_a_page_with_one_file_gives_that_file(films: Films, tmp_path: Path) -> None:
    with WebServer([whole(films("plain.mp4").read_bytes())]) as server:
        track = Track(server.url(), {"Referer": "https://youtube.com/"})
        title = await fetch(tmp_path, read=offering(track), server=server)

    assert title == "A talk"
    assert (tmp_path / "film").read_bytes() == films("plain.mp4").read_bytes()
    assert server.asked[0].headers["Referer"] == "https://youtube.com/"


async def test_picture_and_sound_that_come_apart_are_put_together(
    films: Films, tmp_path: Path
) -> None:
    with WebServer(
        [whole(films("no-sound.mp4").read_bytes()), whole(films("podcast.m4a").read_bytes())]
    ) as server:
        tracks = (Track(server.url("/picture"), {}), Track(server.url("/sound"), {}))
        await fetch(tmp_path, read=offering(*tracks), server=server)

    film = probe(tmp_path / "film")
    assert (film.video_codec, film.audio_codec) == ("h264", "aac")
    assert film.duration_ms == pytest.approx(3000, abs=100)


async def test_tracks_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    with WebServer([whole(b"no picture"), whole(b"no sound")]) as server:
        tracks = (Track(server.url("/picture"), {}), Track(server.url("/sound"), {}))
        with pytest.raises(Permanent, match="do not fit together"):
            await fetch(tmp_path, read=offering(*tracks), server=server)


async def test_a_page_that_names_an_address_inside_gains_nothing(tmp_path: Path) -> None:
    with WebServer([whole(b"secret")]) as server, pytest.raises(Permanent) as refusal:
        await fetch(tmp_path, read=offering(Track(server.url(), {})))

    assert refusal.value.reason == "forbidden-address"
    assert server.asked == []


async def test_what_reads_the_page_cannot_reach_inside_either(tmp_path: Path) -> None:
    with WebServer([whole(b"secret")]) as server:

        def read(url: str, proxy: str) -> Page:
            """As a library does that a page has sent inside."""
            try:
                httpx.get(f"https://127.0.0.1:{server.port}/", proxy=proxy, trust_env=False)
            except httpx.ProxyError as error:
                raise Transient("could not be read") from error
            raise AssertionError("it went through")

        with pytest.raises(Permanent) as refusal:
            await fetch(tmp_path, read=read)

    assert refusal.value.reason == "forbidden-address"
    assert server.asked == []


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page("Live", 0, True, (Track("https://x/", {}),)), "live"),
        (Page("Long", 61_000, False, (Track("https://x/", {}),)), "too-long"),
        (Page("Playlists only", 1000, False, ()), "video-page"),
    ],
)
async def test_a_page_without_a_film_for_us_is_refused_before_anything_is_fetched(
    tmp_path: Path, page: Page, reason: str
) -> None:
    with pytest.raises(Permanent) as refusal:
        await fetch(tmp_path, read=lambda *_: page)

    assert refusal.value.reason == reason
    assert list(tmp_path.iterdir()) == []


def test_what_is_known_of_a_page_is_read_from_what_the_library_says() -> None:
    picture = {"url": "https://cdn/p", "http_headers": {"User-Agent": "x"}, "protocol": "https"}
    found: dict[str, Any] = {
        "title": "A talk",
        "duration": 61.5,
        "live_status": "not_live",
        "requested_formats": [picture, {"url": "https://cdn/s", "protocol": "https"}],
    }

    assert as_page(found) == Page(
        title="A talk",
        duration_ms=61_500,
        live=False,
        tracks=(Track("https://cdn/p", {"User-Agent": "x"}), Track("https://cdn/s", {})),
    )
    assert as_page({"url": "https://cdn/f"}).tracks == (Track("https://cdn/f", {}),)
    assert as_page({"is_live": True}).live
    assert as_page({"live_status": "is_upcoming"}).live


def test_a_list_of_films_is_no_film() -> None:
    with pytest.raises(Permanent, match="list of films"):
        as_page({"_type": "playlist", "entries": []})


def offering(*tracks: Track) -> Callable[[str, str], Page]:
    return lambda url, proxy: Page("A talk", 3000, False, tracks)


async def fetch(folder: Path, *, read: sites.Read | None, server: WebServer | None = None) -> str:
    return await sites.fetch(
        PAGE,
        folder / "film",
        sites=ON,
        limits=LIMITS,
        allowed=server.allowed if server else frozenset(),
        on_bytes=lambda *_: None,
        read=read,
    )
