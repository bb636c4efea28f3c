"""Knobs of the projector."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    database_url: SecretStr = Field(
        description="Address of PostgreSQL: postgresql://user:pw@host:5432/clipforge"
    )
    projector_batch: int = Field(
        default=200, ge=1, le=5000, description="Facts applied in one transaction, at most"
    )
    room_begin: float = Field(
        default=0.75,
        gt=0,
        le=1,
        description="Share of `log_max_bytes` from which finished projects are taken from the log",
    )
    room_end: float = Field(
        default=0.65, gt=0, le=1, description="Share below which that ends: below `room_begin`"
    )
    room_after_hours: float = Field(
        default=24,
        gt=0,
        description="How long a project must have been over for that; more than lies between "
        "two backups of the tables",
    )

    webhooks_log_days: float = Field(
        default=30, gt=0, description="How long it is kept what was delivered to webhooks, in days"
    )

    @model_validator(mode="after")
    def _ends_below_its_beginning(self) -> Self:
        if self.room_end >= self.room_begin:
            raise ValueError("CLIPFORGE_ROOM_END must be below CLIPFORGE_ROOM_BEGIN")
        return self
