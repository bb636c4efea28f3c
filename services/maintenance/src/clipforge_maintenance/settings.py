"""Knobs of the maintenance service."""

from pydantic import Field

from clipforge_contracts.pipeline import MAINTENANCE
from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    maintenance_concurrency: int = Field(
        default=MAINTENANCE.concurrency,
        ge=1,
        le=1,
        description="Removals at once; the log hands out one at a time, whatever stands here",
    )
