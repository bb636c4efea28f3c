"""The picture of a caption style: a few words on a plain ground, one of them spoken."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from clipforge.v1.common_pb2 import RenderOptions
from clipforge.v1.facts_pb2 import PreviewRendered, PreviewRequested
from clipforge_contracts import keys
from clipforge_contracts.previews import address
from clipforge_export.branding import Brand
from clipforge_export.captions import Said
from clipforge_export.writing import write_captions
from clipforge_media import ffmpeg
from clipforge_runtime.errors import Transient
from clipforge_runtime.progress import Report
from clipforge_runtime.scratch import folder
from clipforge_runtime.storage import ObjectStore

SHAPE: Final = "1:1"
SIDE: Final = 640  # pixels of the canvas, of which the middle is shown
STRIP: Final = 240
GROUND: Final = "0x475569"  # on which white, black and every style's own colours are seen
WORDS: Final = ("This", "is", "how", "it", "looks")
WORD_MS: Final = 400
AT: Final = 1.1  # seconds: when the third word is spoken, and has grown
LIMIT: Final = timedelta(minutes=1)


async def render_preview(
    wish: PreviewRequested, *, store: ObjectStore, progress: Report, scratch: Path
) -> PreviewRendered:
    """Render it; the same style has the same picture."""
    key = keys.preview(wish.project.tenant_id, address(wish.style))
    with folder(scratch, "preview") as place:
        progress(10, "rendering the preview")
        render = RenderOptions(aspect=SHAPE, style=wish.style.base, caption=wish.style)
        render.caption.position = "middle"  # where they stand is no part of how they look
        said = [Said(word, n * WORD_MS, (n + 1) * WORD_MS - 50) for n, word in enumerate(WORDS)]
        write_captions(render, Brand(render.kit), said, place / "captions.ass")
        try:
            await ffmpeg.run(arguments("preview.jpg"), limit=LIMIT, cwd=place)
        except ffmpeg.FfmpegFailed as error:
            raise Transient("The preview could not be rendered. It is tried again.") from error
        await store.upload(key, place / "preview.jpg", content_type="image/jpeg")
    return PreviewRendered(project=wish.project, preview_id=wish.preview_id, key=key)


def arguments(to: str) -> list[str]:
    """One picture with captions. The working directory holds them, and `fonts/`."""
    seconds = len(WORDS) * WORD_MS / 1000
    ground = f"color={GROUND}:size={SIDE}x{SIDE}:rate=10:duration={seconds}"
    return [
        *("-v", "error", "-f", "lavfi", "-i", ground),
        *("-vf", f"ass=captions.ass:fontsdir=fonts,crop={SIDE}:{STRIP}", "-ss", f"{AT}"),
        *("-frames:v", "1", "-q:v", "3", "-update", "1", to),
    ]
