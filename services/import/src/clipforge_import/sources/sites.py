"""Films from the pages of video sites, read by yt-dlp. An extra, and off unless a setting names
the sites: `pip install 'clipforge-import[sites]'` and CLIPFORGE_IMPORT_SITES=youtube.com.

yt-dlp only reads the page; the film itself comes by our own http source, with all its limits. What
yt-dlp asks for goes through a tunnel that refuses private addresses (tunnel.py). Not covered: a
library of this size, which changes weekly, runs in this process on pages that strangers wrote; and
a JavaScript runtime, where it finds one, is a child that does not know of the tunnel. A network
policy of the cluster is the second wall. Films that a site hands out as playlists only (HLS, DASH)
are refused, and so are live ones.
"""

import asyncio
import importlib.util
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from clipforge_import.limits import Limits
from clipforge_import.sources import http
from clipforge_import.sources.http import OnBytes
from clipforge_import.sources.tunnel import tunnel
from clipforge_media import ffmpeg, inputs
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.outbound import Allowed

log = logging.getLogger(__name__)

KNOWN: Final = frozenset(
    (
        *("youtube.com", "youtu.be", "vimeo.com", "twitch.tv", "dailymotion.com", "tiktok.com"),
        *("instagram.com", "facebook.com", "x.com", "twitter.com", "bilibili.com"),
    )
)
# H.264 and AAC where there are, as they cost least to decode; plain files only, no playlists.
_PLAIN: Final = "[protocol~='^https?$']"
FORMAT: Final = "/".join(
    (
        f"bv*[vcodec^=avc1][height<=1080]{_PLAIN}+ba[acodec^=mp4a]{_PLAIN}",
        f"b[height<=1080]{_PLAIN}",
        f"bv*[height<=1080]{_PLAIN}+ba{_PLAIN}",
        f"b{_PLAIN}",
        f"bv*{_PLAIN}+ba{_PLAIN}",
    )
)
SECONDS: Final = 20  # between two pieces of a page
READING: Final = timedelta(seconds=90)  # for all of a page, below the stage's stall limit
MERGING: Final = timedelta(minutes=10)  # copying, at the speed of the disk


@dataclass(frozen=True)
class Track:
    """A file that a page offers: picture and sound together, or one of them."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """What a page offers. Two tracks are picture and sound."""

    title: str
    duration_ms: int
    live: bool
    tracks: tuple[Track, ...]


Read = Callable[[str, str], Page]
"""`read(url, proxy)`: what the page offers. Blocks. Permanent or Transient where it cannot tell."""


def is_site(url: str, sites: frozenset[str]) -> bool:
    """Whether an address is a page of a site that is turned on, or is known for having no files."""
    return _matches(url, sites | KNOWN)


async def fetch(
    url: str,
    to: Path,
    *,
    sites: frozenset[str],
    limits: Limits,
    allowed: Allowed,
    on_bytes: OnBytes,
    read: Read | None = None,
) -> str:
    """Fetch the film of a page into a file; its title. Permanent where sites are not turned on."""
    if not _matches(url, sites) or (read is None and not importlib.util.find_spec("yt_dlp")):
        raise _not_here(url)
    on_bytes(0, None)
    page = await _read(url, read or read_page, allowed)
    if page.live:
        raise Permanent(
            "This is a live stream. Come back when it is over, or upload a recording.",
            reason="live",
        )
    limits.check_duration(page.duration_ms)
    files = [to.with_name(f"track-{n}") for n in range(len(page.tracks))]
    for track, file in zip(page.tracks, files, strict=True):
        await http.fetch(
            track.url,
            file,
            limits=limits,
            allowed=allowed,
            on_bytes=on_bytes,
            headers=track.headers,
        )
    if len(files) == 1:
        files[0].rename(to)
    else:
        await _merge(files[0], files[1], to, on_bytes)
    return page.title


def read_page(url: str, proxy: str) -> Page:
    """A Read by yt-dlp."""
    import yt_dlp  # an extra, so not at the top

    options: dict[str, Any] = {
        "proxy": proxy,
        "format": FORMAT,
        "allowed_extractors": ["default", "-generic"],  # the generic one fetches anything
        "noplaylist": True,
        "extract_flat": "in_playlist",
        "socket_timeout": SECONDS,
        "extractor_retries": 1,
        "cachedir": False,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": log,
    }
    try:
        with yt_dlp.YoutubeDL(options) as site:
            found = site.extract_info(url, download=False)
    except yt_dlp.utils.DownloadError as error:
        cause = (error.exc_info or (None, None))[1]
        said = str(getattr(cause, "orig_msg", "") or error).removeprefix("ERROR: ")
        # The site said so, or nobody knows such pages. Either will be the same next time.
        if getattr(cause, "expected", False) or "No suitable extractor" in said:
            raise Permanent(
                f"The page offers no film: {said[:300]}", reason="video-page"
            ) from error
        raise Transient(f"{_host(url)} could not be read just now.") from error
    return as_page(found or {})


def as_page(found: Mapping[str, Any]) -> Page:
    """What yt-dlp says of a page, as far as it concerns us. Permanent where it is a list."""
    if found.get("_type", "video") != "video":
        raise Permanent(
            "This page is a list of films. Give the address of one of them.", reason="video-page"
        )
    chosen = found.get("requested_formats") or [found]
    return Page(
        title=str(found.get("title") or "")[:200],
        duration_ms=round(float(found.get("duration") or 0) * 1000),
        live=bool(found.get("is_live")) or found.get("live_status") == "is_upcoming",
        tracks=tuple(
            Track(str(one["url"]), dict(one.get("http_headers") or {}))
            for one in chosen
            if one.get("url")
        ),
    )


async def _read(url: str, read: Read, allowed: Allowed) -> Page:
    async with tunnel(allowed) as proxy:
        try:
            async with asyncio.timeout(READING.total_seconds()):
                page = await asyncio.to_thread(read, url, proxy.url)
        except TimeoutError as error:
            raise Transient(f"{_host(url)} does not answer in time.") from error
        except Transient:
            if proxy.refused:
                raise proxy.refused[0] from None
            raise
    if not page.tracks:
        raise Permanent(
            "The page offers no film that is a plain file. Download it and upload the file.",
            reason="video-page",
        )
    return page


async def _merge(picture: Path, sound: Path, to: Path, on_bytes: OnBytes) -> None:
    try:
        await ffmpeg.run(
            merge(str(picture), str(sound), str(to)),
            limit=MERGING,
            on_progress=lambda _: on_bytes(1, 1),
        )
    except ffmpeg.FfmpegFailed as error:
        if error.killed or error.no_room:
            raise Transient("Picture and sound could not be put together just now.") from error
        raise Permanent(
            "Picture and sound of this page do not fit together. Download it and upload the file.",
            reason="video-page",
            detail=error.tail,
        ) from error


def merge(picture: str, sound: str, to: str) -> list[str]:
    """Picture and sound into one film, without encoding. Matroska takes every codec."""
    return [
        *("-v", "error", *inputs.local(picture), *inputs.local(sound)),
        *("-map", "0:V:0", "-map", "1:a:0", "-c", "copy", "-f", "matroska", to),
    ]


def _not_here(url: str) -> Permanent:
    host = _host(url)
    return Permanent(
        f"{host} is a video site, and its pages are not read here. Download the film and upload "
        "the file. (For who runs ClipForge: install clipforge-import[sites] and set "
        f"CLIPFORGE_IMPORT_SITES={host}.)",
        reason="video-site",
    )


def _matches(url: str, hosts: frozenset[str]) -> bool:
    host = _host(url)
    return any(host == one or host.endswith(f".{one}") for one in hosts)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # the http source says so in words
        return ""
