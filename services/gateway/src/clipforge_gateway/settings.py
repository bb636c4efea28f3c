"""Knobs of the gateway."""

from pydantic import Field, SecretStr

from clipforge_contracts.plans import Plan
from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    database_url: SecretStr = Field(
        description="Address of PostgreSQL: postgresql://user:pw@host:5432/clipforge"
    )
    host: str = Field(default="127.0.0.1", description="Address that the gateway listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port of the gateway")
    bootstrap_api_key: SecretStr | None = Field(
        default=None,
        description="Key of the first tenant `default` (plan business, role admin), made at boot",
    )
    upload_max_bytes: int = Field(
        default=20 * 1024**3, gt=0, description="Largest upload, in bytes"
    )
    refuse_from: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Share of `log_max_bytes` from which new work is refused; below "
        "the projector's `room_begin`",
    )
    backlog_free: int = Field(
        default=20, gt=0, description="Jobs that a free tenant may have unfinished at a time"
    )
    backlog_pro: int = Field(default=500, gt=0, description="The same for the plan pro")
    backlog_business: int = Field(default=5000, gt=0, description="The same for business")
    link_seconds: int = Field(
        default=3600, ge=60, le=604_800, description="How long a download link is good for"
    )

    def backlog_of(self, plan: Plan) -> int:
        """How many jobs a tenant of this plan may have unfinished at a time."""
        return {
            Plan.FREE: self.backlog_free,
            Plan.PRO: self.backlog_pro,
            Plan.BUSINESS: self.backlog_business,
        }[plan]
