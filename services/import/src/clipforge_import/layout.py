"""What later stages need of a film, made and stored. The record comes last: all is there."""

from pathlib import Path
from typing import Final

from clipforge.v1.documents_pb2 import MediaInfo, MediaObjects, MediaRecord
from clipforge_contracts import keys
from clipforge_contracts.documents import to_json
from clipforge_import import derived, pictures
from clipforge_media import containers
from clipforge_media.probe import Probed
from clipforge_runtime.progress import Report
from clipforge_runtime.storage import ObjectStore

RESULT_VERSION: Final = 2


async def lay_out(
    source: Path,
    probed: Probed,
    sha256: str,
    tenant: str,
    store: ObjectStore,
    progress: Report,
    strain: int,
) -> MediaRecord:
    """Derive sound and pictures beside the source, and store all of it. Same bytes, same keys."""
    folder = source.parent
    size = source.stat().st_size
    peaks = await derived.sound(source, folder / "audio.flac", probed, progress)
    await derived.stills(
        source, folder / "poster.jpg", folder / "thumbnails.jpg", probed, progress, strain
    )

    def key(file: str) -> str:
        return keys.media(tenant, sha256, file)

    async def keep(file: str, content_type: str) -> None:
        await store.upload(key(file), folder / file, content_type=content_type)

    kind = containers.kind(source, probed.container)
    source_key = keys.source(tenant, sha256, kind.extension)
    progress(80, "storing the film")
    await store.upload(
        source_key,
        source,
        content_type=kind.content_type,
        moved=lambda have: progress(80 + 15 * have / size, "storing the film"),
    )
    await keep("audio.flac", "audio/flac")
    await keep("poster.jpg", "image/jpeg")
    await keep("thumbnails.jpg", "image/jpeg")
    await store.write(key("peaks.bin"), peaks, content_type="application/octet-stream")
    record = MediaRecord(
        media=MediaInfo(bytes=size, sha256=sha256, **vars(probed)),
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
