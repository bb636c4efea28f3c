"""Knobs of the clip-detection service."""

from pydantic import Field

from clipforge_contracts.pipeline import CLIP_DETECTION
from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    clip_detection_concurrency: int = Field(
        default=CLIP_DETECTION.concurrency, ge=1, le=64, description="Films looked through at once"
    )
