"""Takes a file of a brand in: is it what it was to be, what is it like, and where does it lie?

A worker does it, and not the gateway: files of strangers are opened where there is nothing to take.
"""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Final

from clipforge.v1.common_pb2 import BrandAsset
from clipforge.v1.facts_pb2 import BrandAssetSubmitted, BrandAssetTaken
from clipforge_contracts import keys
from clipforge_export import fonts, loudness, pictures, render
from clipforge_media import ffmpeg
from clipforge_media.probe import NotMedia, probe
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.scratch import folder
from clipforge_runtime.storage import NotFound, ObjectStore

MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = {"picture": 10 * MEGABYTE, "font": 20 * MEGABYTE, "film": 200 * MEGABYTE}
SHORTEST_MS: Final = 200
LONGEST_MS: Final = 20_000  # of an intro or outro: a clip is what people came for
LIMIT: Final = timedelta(minutes=1)
CONTENT_TYPES: Final = {"picture": "image/png", "font": "font/ttf", "film": "video/mp4"}


async def take_asset(
    wish: BrandAssetSubmitted, *, store: ObjectStore, progress: Report, scratch: Path
) -> BrandAssetTaken:
    """Look at an upload, and store what is kept of it by the hash of its content."""
    tenant = wish.project.tenant_id
    asset = BrandAsset(asset_id=wish.asset_id, kind=wish.kind, name=wish.file_name)
    with folder(scratch, "brand") as place:
        upload, kept = place / "upload", place / "kept"
        progress(5, "fetching the file")
        await _fetch(wish, upload, store)
        progress(30, f"looking at the {wish.kind}")
        match wish.kind:
            case "picture":
                asset.width, asset.height = await pictures.take(upload, kept)
            case "font":
                asset.name = await asyncio.to_thread(_take_font, upload, kept)
            case _:
                kept = upload
                await _take_film(upload, asset)
        progress(80, f"storing the {wish.kind}")
        sha256 = await asyncio.to_thread(_sha256, kept)
        asset.key = keys.brand(tenant, sha256, wish.kind)
        asset.bytes = kept.stat().st_size
        # Written again where it lies there: a removal under way sees that it is in use.
        await store.upload(asset.key, kept, content_type=CONTENT_TYPES[wish.kind])
    return BrandAssetTaken(project=wish.project, asset=asset)


async def _fetch(wish: BrandAssetSubmitted, to: Path, store: ObjectStore) -> None:
    found = await store.stat(wish.object_key)
    if found is None:
        raise _gone()
    most = MOST_BYTES[wish.kind]
    if not 0 < found.bytes <= most:
        raise Permanent(
            f"A {wish.kind} of a brand has 1 byte to {most // MEGABYTE} MB; this one has "
            f"{found.bytes} bytes. Upload a smaller one.",
            reason="too-large" if found.bytes else "empty",
        )
    try:
        await store.download(wish.object_key, to)
    except NotFound as error:
        raise _gone() from error


def _gone() -> Permanent:
    return Permanent("The upload is gone. Upload the file again.", reason="upload-gone")


def _take_font(upload: Path, kept: Path) -> str:
    try:
        return fonts.take(upload, kept)
    except fonts.NotAFont as error:
        raise Permanent(str(error), reason="not-a-font", detail=repr(error.__cause__)) from error


async def _take_film(upload: Path, asset: BrandAsset) -> None:
    """As it is: it is coded once, together with the clip."""
    try:
        found = await asyncio.to_thread(probe, upload)
    except NotMedia as error:
        raise Permanent(str(error), reason=error.reason, detail=repr(error.__cause__)) from error
    if not SHORTEST_MS <= found.duration_ms <= LONGEST_MS:
        raise Permanent(
            f"This film lasts {found.duration_ms / 1000:g} s. An intro or outro lasts "
            f"{SHORTEST_MS / 1000:g} to {LONGEST_MS / 1000:g} s: cut it.",
            reason="wrong-length",
        )
    asset.width, asset.height, asset.duration_ms = found.width, found.height, found.duration_ms
    asset.sound, asset.hdr = bool(found.audio_codec), found.hdr
    asset.loudness_lufs = loudness.SILENT
    if asset.sound:
        try:
            said = await ffmpeg.run(render.measure(str(upload), 0, found.duration_ms), limit=LIMIT)
        except ffmpeg.FfmpegFailed as error:
            raise Transient("The sound of the film could not be measured.") from error
        asset.loudness_lufs = loudness.integrated(said)


def _sha256(file: Path) -> str:
    with file.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()
