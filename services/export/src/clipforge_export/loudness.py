"""Reads what ffmpeg's ebur128 filter says of a span (EBU R 128)."""

import re
from typing import Final

SILENT: Final = -70.0  # what the filter answers where nothing passes its gate
_INTEGRATED: Final = re.compile(r"I:\s+(-?[\d.]+|-inf|nan) LUFS")


def integrated(said: str) -> float:
    """The integrated loudness in LUFS of the summary; SILENT where there is none."""
    found = _INTEGRATED.findall(said)
    try:
        value = float(found[-1]) if found else SILENT
    except ValueError:
        return SILENT
    return value if value > SILENT else SILENT
