"""Knobs of the gateway."""

from pydantic import Field, SecretStr

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
    link_seconds: int = Field(
        default=3600, ge=60, le=604_800, description="How long a download link is good for"
    )
