"""Knobs of the export service."""

from pydantic import Field

from clipforge_contracts.pipeline import EXPORT
from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    export_concurrency: int = Field(
        default=EXPORT.concurrency, ge=1, le=64, description="Clips rendered at once"
    )
