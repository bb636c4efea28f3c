"""Which outputs of a clip are rendered in one decode."""

from typing import Final

from clipforge.v1.common_pb2 import RenderOptions
from clipforge.v1.facts_pb2 import ExportRequested
from clipforge_export import storing
from clipforge_export.wishes import Wish, wish
from clipforge_runtime.storage import ObjectStore

# Of all outputs of one pass: four clips of 1080x1920. An encoder holds some dozen pictures, and the
# memory of a worker is 2 GB; a clip in 4K is rendered alone.
MOST_PIXELS: Final = 4 * 1080 * 1920


async def in_company(request: ExportRequested, own: Wish, store: ObjectStore) -> list[Wish]:
    """Those asked for together that go along with `own` and are not there yet."""
    found: list[Wish] = []
    pixels = _pixels(own)
    for output in request.together:
        other = wish(request, output.export_id, output.render)
        taken = {each.address for each in (own, *found)}
        if not _alike(own.render, other.render) or other.address in taken:
            continue
        if pixels + _pixels(other) > MOST_PIXELS:
            continue
        if await storing.known(store, request.project.tenant_id, other.address) is None:
            found.append(other)
            pixels += _pixels(other)
    return found


def _alike(one: RenderOptions, other: RenderOptions) -> bool:
    """Joined to the same films and as loud: else decoded pictures of one would wait for another."""
    return (one.kit.intro.key, one.kit.outro.key, one.target_lufs) == (
        other.kit.intro.key,
        other.kit.outro.key,
        other.target_lufs,
    )


def _pixels(wish: Wish) -> int:
    return wish.frame.output.width * wish.frame.output.height
