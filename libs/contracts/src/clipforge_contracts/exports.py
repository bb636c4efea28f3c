"""The id of an export: it follows from what is asked for, so asking twice names the same one."""

from clipforge.v1.common_pb2 import RenderOptions
from clipforge.v1.documents_pb2 import Clip
from clipforge_contracts import ids


def export_id(clip: Clip, render: RenderOptions, again: int = 0, *, said: str = "") -> str:
    """Of a clip in a look. `again`: how many of this wish came to nothing before; `said`: the key
    of its transcript, where people have corrected it.
    """
    look = (render.aspect, render.style, render.quality, render.height)
    own: list[str | int] = []  # a wish without any of these has the id that it always had
    if render.HasField("kit"):
        own += ["kit", render.kit.kit_id, render.kit.version]
    if render.HasField("caption"):
        own += ["style", render.caption.style_id, render.caption.version]
    if render.target_lufs:
        own += ["lufs", f"{render.target_lufs:g}"]
    if said:
        own += ["said", said]
    repeated = (again,) if again else ()
    return ids.derive("exp", clip.id, clip.start_ms, clip.end_ms, *look, *own, *repeated)
