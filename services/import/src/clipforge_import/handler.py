"""What happens to one film in this service, from top to bottom."""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from clipforge.v1.documents_pb2 import MediaInfo, MediaObjects, MediaRecord
from clipforge.v1.facts_pb2 import ProjectSubmitted, VideoImported
from clipforge_contracts import ids, keys
from clipforge_contracts.documents import from_json, to_json
from clipforge_contracts.plans import Plan
from clipforge_import import pictures
from clipforge_import.limits import PLANS, Limits
from clipforge_import.sources import http
from clipforge_import.sources.guard import Allowed
from clipforge_media import audio, ffmpeg, inputs
from clipforge_media.probe import NotMedia, Probed, probe
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import NotFound, ObjectStore

RESULT_VERSION: Final = 1
HASH_BLOCK: Final = 1024 * 1024
EXTENSIONS: Final = {"matroska,webm": "mkv", "mov,mp4,m4a,3gp,3g2,mj2": "mp4", "mpegts": "ts"}
# Decoding the sound runs at several hundred times real time; this is for a sick disk.
DERIVE_SHARE: Final = 0.5
DERIVE_LEAST: Final = timedelta(minutes=5)


async def import_video(
    film: ProjectSubmitted,
    *,
    store: ObjectStore,
    progress: Report,
    allowed: Allowed,
    scratch: Path,
) -> VideoImported:
    """Fetch, look, and lay out: the same bytes of one tenant are stored and processed once."""
    tenant = film.project.tenant_id
    limits = PLANS[Plan.read(film.project.plan)]
    with TemporaryDirectory(dir=scratch, prefix="import-") as folder:
        source = Path(folder) / "source"
        await _fetch(film, source, store=store, limits=limits, allowed=allowed, progress=progress)
        progress(40, "looking at the film")
        probed = await _look_at(source, limits)
        sha256 = await asyncio.to_thread(_hash, source)
        record = await _known(store, tenant, sha256)
        reused = record is not None
        if record is None:
            record = await _lay_out(source, probed, sha256, tenant, store, progress)
    return VideoImported(
        project=film.project,
        asset_id=ids.derive("ast", tenant, sha256),
        media=record.media,
        objects=record.objects,
        options=film.options,
        reused=reused,
        title=film.title or _title(film),
    )


async def _fetch(
    film: ProjectSubmitted,
    to: Path,
    *,
    store: ObjectStore,
    limits: Limits,
    allowed: Allowed,
    progress: Report,
) -> None:
    if film.source.WhichOneof("kind") == "url":

        def on_bytes(have: int, total: int | None) -> None:
            progress(40 * have / total if total else 5, "fetching the film")

        await http.fetch(film.source.url.url, to, limits=limits, allowed=allowed, on_bytes=on_bytes)
        return
    key = film.source.upload.object_key
    if not key.startswith(f"uploads/{film.project.tenant_id}/"):
        raise Permanent("This upload is not yours.", reason="forbidden-upload")
    progress(5, "reading the upload")
    try:
        await store.download(key, to)
    except NotFound as error:
        raise Permanent(
            "The uploaded file is gone. Upload it again.", reason="upload-gone"
        ) from error
    limits.check_bytes(to.stat().st_size)


async def _look_at(source: Path, limits: Limits) -> Probed:
    if source.stat().st_size == 0:
        raise Permanent("The file is empty.", reason="empty")
    try:
        probed = await asyncio.to_thread(probe, source)
    except NotMedia as error:
        raise Permanent(str(error), reason=error.reason, detail=repr(error.__cause__)) from error
    limits.check(probed)
    if not probed.audio_codec:
        raise Permanent(
            "The film has no sound, so there is nothing to find clips by. "
            "Upload a version with its audio track.",
            reason="no-audio",
        )
    return probed


async def _known(store: ObjectStore, tenant: str, sha256: str) -> MediaRecord | None:
    """What was made of the same bytes before."""
    try:
        record = from_json(await store.read(keys.media(tenant, sha256, "record.json")), MediaRecord)
    except NotFound:
        return None
    return record if record.result_version == RESULT_VERSION else None


async def _lay_out(
    source: Path, probed: Probed, sha256: str, tenant: str, store: ObjectStore, progress: Report
) -> MediaRecord:
    """Derive what later stages need, and store it; the record comes last."""
    folder = source.parent
    limit = max(DERIVE_LEAST, timedelta(milliseconds=probed.duration_ms) * DERIVE_SHARE)
    heard = await _sound(source, folder / "audio.flac", probed, limit, progress)
    progress(75, "drawing thumbnails")
    await _pictures(source, folder, probed, limit)

    def key(file: str) -> str:
        return keys.media(tenant, sha256, file)

    extension = EXTENSIONS.get(probed.container, probed.container.partition(",")[0])
    source_key = keys.source(tenant, sha256, extension)
    progress(80, "storing the film")
    await store.upload(source_key, source, content_type="video/mp4")
    progress(95, "storing the film")
    await store.upload(key("audio.flac"), folder / "audio.flac", content_type="audio/flac")
    await store.upload(key("poster.jpg"), folder / "poster.jpg", content_type="image/jpeg")
    await store.upload(key("thumbnails.jpg"), folder / "thumbnails.jpg", content_type="image/jpeg")
    await store.write(key("peaks.bin"), heard, content_type="application/octet-stream")
    record = MediaRecord(
        media=MediaInfo(bytes=source.stat().st_size, sha256=sha256, **vars(probed)),
        objects=MediaObjects(
            source_key=source_key,
            audio_key=key("audio.flac"),
            poster_key=key("poster.jpg"),
            thumbnails_key=key("thumbnails.jpg"),
            peaks_key=key("peaks.bin"),
            thumbnail_interval_ms=pictures.thumbnail_interval_ms(probed.duration_ms),
            thumbnail_columns=pictures.COLUMNS,
        ),
        result_version=RESULT_VERSION,
    )
    await store.write(key("record.json"), to_json(record), content_type="application/json")
    return record


async def _sound(
    source: Path, flac: Path, probed: Probed, limit: timedelta, progress: Report
) -> bytes:
    """16 kHz FLAC, and the waveform's peaks. Permanent where the file is cut off."""
    seconds = max(probed.duration_ms / 1000, 0.001)

    def on_progress(done: float) -> None:
        progress(45 + 25 * min(done / seconds, 1), "extracting the sound")

    peaks = audio.Peaks()
    try:
        await ffmpeg.run(
            audio.to_flac(str(source), str(flac)), limit=limit, on_progress=on_progress
        )
        progress(70, "drawing the waveform")
        await ffmpeg.run(audio.to_pcm(str(flac)), limit=limit, on_output=peaks.add)
    except ffmpeg.FfmpegFailed as error:
        raise _unreadable(error) from error
    waveform = peaks.finish()
    heard_ms = len(waveform) * audio.PEAK_MS
    # A file that was cut off still promises its whole length.
    if heard_ms < 0.9 * probed.duration_ms - 2000 and await _is_cut_off(source, probed, limit):
        raise Permanent(
            f"The file is cut off: it promises {probed.duration_ms // 1000} seconds and has "
            f"{heard_ms // 1000}. Upload it again.",
            reason="cut-off",
        )
    return waveform


async def _is_cut_off(source: Path, probed: Probed, limit: timedelta) -> bool:
    """Whether the picture, too, ends early: sound alone may rightly be shorter."""
    last = max(probed.duration_ms - 3000, 0)
    arguments = [
        *("-v", "error", "-ss", f"{last / 1000:.3f}", *inputs.local(str(source))),
        *("-map", pictures.PICTURE, "-frames:v", "1", "-f", "framemd5", "pipe:1"),
    ]
    seen = bytearray()
    try:
        await ffmpeg.run(arguments, limit=limit, on_output=seen.extend)
    except ffmpeg.FfmpegFailed:
        return True
    return not any(line and not line.startswith(b"#") for line in bytes(seen).splitlines())


async def _pictures(source: Path, folder: Path, probed: Probed, limit: timedelta) -> None:
    poster_at = min(probed.duration_ms // 10, 10_000)
    try:
        await ffmpeg.run(
            pictures.poster(str(source), poster_at, str(folder / "poster.jpg")), limit=limit
        )
        await ffmpeg.run(
            pictures.thumbnails(str(source), probed.duration_ms, str(folder / "thumbnails.jpg")),
            limit=limit,
        )
    except ffmpeg.FfmpegFailed as error:
        raise _unreadable(error) from error


def _unreadable(error: ffmpeg.FfmpegFailed) -> Exception:
    if error.killed:
        return Transient("Reading the film took too long or too much memory.")
    return Permanent(
        "The film is damaged: it could not be decoded. Upload it again, or convert it to MP4.",
        reason="damaged",
        detail=error.tail,
    )


def _hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as body:
        while block := body.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _title(film: ProjectSubmitted) -> str:
    """A name for a film that was given none: its file's."""
    name = film.source.upload.file_name or film.source.url.url.partition("?")[0]
    return Path(name.rstrip("/")).stem.replace("_", " ").strip()[:200]
