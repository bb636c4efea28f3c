"""Which options of a project still have an effect, by where it stands, and why others have none."""

from collections.abc import Mapping
from typing import Any, Final

from clipforge_catalog.tables import Project, ProjectState
from clipforge_contracts.pipeline import CLIP_DETECTION, IMPORT, TRANSCRIPTION
from clipforge_gateway import schemas

KIT: Final = frozenset({"brand_kit_id"})  # of exports that are asked for later
OF_DETECTION: Final = frozenset(
    {"clips", "min_clip_ms", "max_clip_ms", "auto_export", *schemas.RenderOptions.model_fields}
)
OF_TRANSCRIPTION: Final = frozenset({"language", "vocabulary", "model"})
# What failed is begun anew, when it is replayed, with the options that the project has by then.
OPEN_AFTER: Final[Mapping[str, frozenset[str]]] = {
    IMPORT.name: OF_TRANSCRIPTION | OF_DETECTION,
    TRANSCRIPTION.name: OF_TRANSCRIPTION | OF_DETECTION,
    CLIP_DETECTION.name: OF_DETECTION,
}
_OF_ITS_WORK: Final = (
    "work on this project goes on with the options that it was submitted with. Cancel it and "
    "submit the film again with others"
)


def still_open(row: Project) -> frozenset[str]:
    """The options that may be changed."""
    match row.state:
        case ProjectState.FAILED:
            return OPEN_AFTER.get(row.failed_stage or "", frozenset())
        case ProjectState.CANCELLED:
            return frozenset()
        case ProjectState.READY:
            return frozenset() if row.expired_at else KIT
        case _:  # what it exports by itself takes the kit with it
            return frozenset() if row.options.get("auto_export") else KIT


def why_late(row: Project) -> str:
    """What to do where an option is too late."""
    match row.state:
        case ProjectState.FAILED:
            return "what they are for is done. Submit the film again with others"
        case ProjectState.CANCELLED:
            return "this project was cancelled. Submit the film again"
        case ProjectState.READY:
            return "the clips are found. Submit the film again with other options"
        case _:
            return _OF_ITS_WORK


def changed(before: Mapping[str, Any], said: schemas.ProjectOptions) -> dict[str, Any]:
    """What a request says otherwise than it is. `before`: the options as clients see them."""
    usual = schemas.ProjectOptions()
    return {
        name: wanted
        for name in sorted(said.model_fields_set)
        if (wanted := getattr(said, name)) is not None
        and (wanted or None) != (before.get(name, getattr(usual, name)) or None)
    }
