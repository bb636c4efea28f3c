"""Knobs of the projector."""

from pydantic import Field, SecretStr

from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    database_url: SecretStr = Field(
        description="Address of PostgreSQL: postgresql://user:pw@host:5432/clipforge"
    )
    projector_batch: int = Field(
        default=200, ge=1, le=5000, description="Facts applied in one transaction, at most"
    )
