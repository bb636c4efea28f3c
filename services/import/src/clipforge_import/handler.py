"""What happens to one film in this service, from top to bottom."""

import asyncio
import errno
import hashlib
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from clipforge.v1.documents_pb2 import MediaRecord
from clipforge.v1.facts_pb2 import ProjectSubmitted, VideoImported
from clipforge_contracts import ids, keys
from clipforge_contracts.documents import from_json, to_json
from clipforge_contracts.plans import Plan
from clipforge_contracts.validation import Invalid
from clipforge_import.layout import RESULT_VERSION, lay_out
from clipforge_import.limits import PLANS, Limits
from clipforge_import.sources import assets, http, uploads
from clipforge_import.sources import sites as site_pages
from clipforge_media.probe import NotMedia, Probed, probe
from clipforge_runtime import outbound
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.outbound import Allowed
from clipforge_runtime.progress import Report
from clipforge_runtime.scratch import folder
from clipforge_runtime.storage import NotFound, ObjectStore
from clipforge_runtime.strain import Strain
from clipforge_runtime.transfer import Meter, Metered

HASH_BLOCK: Final = 1024 * 1024
NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT}


async def import_video(
    film: ProjectSubmitted,
    *,
    store: ObjectStore,
    progress: Report,
    allowed: Allowed,
    scratch: Path,
    strain: Strain,
    sites: frozenset[str] = frozenset(),
) -> VideoImported:
    """Fetch, look, and lay out: the same bytes of one tenant are stored and processed once."""
    tenant = film.project.tenant_id
    limits = PLANS[Plan.read(film.project.plan)]
    if record := await _stored(store, film, limits):
        return _imported(film, record, reused=True)
    with folder(scratch, "import") as place:
        source = place / "source"
        try:
            try:
                named = await _fetch(
                    film,
                    source,
                    store=store,
                    limits=limits,
                    allowed=allowed,
                    sites=sites,
                    progress=progress,
                )
            except outbound.Forbidden as error:
                raise Permanent(f"{error} Upload the file instead.", reason=error.reason) from error
            progress(40, "looking at the film")
            probed = await _look_at(source, limits)
            sha256 = await _hash(source, progress)
            record = await _known(store, tenant, sha256)
            reused = record is not None
            if record is None:
                record = await lay_out(source, probed, sha256, tenant, store, progress, strain())
        except OSError as error:
            if error.errno in NO_ROOM:
                raise Transient("There is no room for the film just now.") from error
            raise
    return _imported(film, record, reused=reused, named=named)


def _imported(
    film: ProjectSubmitted, record: MediaRecord, *, reused: bool, named: str = ""
) -> VideoImported:
    return VideoImported(
        project=film.project,
        asset_id=ids.asset(film.project.tenant_id, record.media.sha256),
        media=record.media,
        objects=record.objects,
        options=film.options,
        reused=reused,
        title=film.title or named or _title(film),
    )


async def _stored(store: ObjectStore, film: ProjectSubmitted, limits: Limits) -> MediaRecord | None:
    """What lies ready of a film that is named by its hash: not a byte of it has to come here."""
    sha256 = film.source.asset.sha256
    record = await _known(store, film.project.tenant_id, sha256) if sha256 else None
    if record is not None:  # the plan may be another one by now
        limits.check_bytes(record.media.bytes)
        limits.check_duration(record.media.duration_ms)
    return record


async def _fetch(
    film: ProjectSubmitted,
    to: Path,
    *,
    store: ObjectStore,
    limits: Limits,
    allowed: Allowed,
    sites: frozenset[str],
    progress: Report,
) -> str:
    """Bring the film here; the title that its source gives it, if any."""

    def on_bytes(have: int, total: int | None) -> None:
        progress(40 * have / total if total else 5, "fetching the film")

    url = film.source.url.url
    if url and site_pages.is_site(url, sites):
        return await site_pages.fetch(
            url, to, sites=sites, limits=limits, allowed=allowed, on_bytes=on_bytes
        )
    if url:
        await http.fetch(url, to, limits=limits, allowed=allowed, on_bytes=on_bytes)
    elif film.source.HasField("asset"):
        await assets.fetch(
            film.source.asset,
            to,
            tenant=film.project.tenant_id,
            store=store,
            limits=limits,
            on_bytes=on_bytes,
        )
    else:
        await uploads.fetch(
            film.source.upload.object_key,
            to,
            tenant=film.project.tenant_id,
            store=store,
            limits=limits,
            on_bytes=on_bytes,
        )
    return ""


async def _look_at(source: Path, limits: Limits) -> Probed:
    if source.stat().st_size == 0:
        raise Permanent("The file is empty. Upload it again.", reason="empty")
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


async def _hash(source: Path, progress: Report) -> str:
    size = source.stat().st_size
    meter = Meter(lambda have: progress(40 + 5 * have / size, "looking at the film"))
    try:
        return await asyncio.to_thread(_sha256, source, meter)
    except asyncio.CancelledError:
        meter.stop()
        raise


def _sha256(file: Path, meter: Meter) -> str:
    digest = hashlib.sha256()
    with Metered(file, meter) as body:
        while block := body.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


async def _known(store: ObjectStore, tenant: str, sha256: str) -> MediaRecord | None:
    """What was made of the same bytes before, while it is all still there."""
    try:
        record = from_json(await store.read(keys.media(tenant, sha256, "record.json")), MediaRecord)
    except (NotFound, Invalid):
        return None
    if record.result_version != RESULT_VERSION:
        return None
    # Written anew, so that a removal that is due sees that it is in use again.
    await store.write(
        keys.media(tenant, sha256, "record.json"), to_json(record), content_type="application/json"
    )
    # Retention removes objects one by one; the record may be its last.
    return record if await store.stat(record.objects.source_key) else None


def _title(film: ProjectSubmitted) -> str:
    """A name for a film that was given none: its file's."""
    if film.source.HasField("asset"):
        return film.source.asset.title
    name = film.source.upload.file_name or unquote(urlsplit(film.source.url.url).path)
    return Path(name.rstrip("/")).stem.replace("_", " ").strip()[:200]
