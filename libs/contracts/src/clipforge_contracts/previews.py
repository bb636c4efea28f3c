"""Where the picture of a caption style lies: by what is seen in it."""

from dataclasses import asdict
from typing import Final

from clipforge.v1.common_pb2 import CaptionStyle
from clipforge_contracts import keys
from clipforge_contracts.documents import as_dict
from clipforge_contracts.styles import STYLES

PREVIEW_VERSION: Final = 1  # raised by hand when pictures change
_UNSEEN: Final = ("style_id", "version", "name", "position")


def address(style: CaptionStyle) -> str:
    """The content address: styles that look alike have one picture."""
    changes = {name: value for name, value in as_dict(style).items() if name not in _UNSEEN}
    return keys.address(
        changes=changes, base=asdict(STYLES[style.base]), preview_version=PREVIEW_VERSION
    )
