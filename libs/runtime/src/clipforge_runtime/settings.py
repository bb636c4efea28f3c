"""The configuration every service shares, read once from the environment.

Subclass RuntimeSettings in a service to add its own knobs, each with Field(description=...):
docs/settings.md is generated from them. A missing or wrong value stops the boot, in words.
"""

import sys
import tempfile
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound=BaseSettings)


class RuntimeSettings(BaseSettings):
    """What every service needs to know."""

    model_config = SettingsConfigDict(env_prefix="CLIPFORGE_", frozen=True, extra="ignore")

    nats_url: str = Field(
        description="Address of the log, with user and password: nats://user:pw@host:4222"
    )
    s3_endpoint: str = Field(
        description="Address of the object store, as services reach it: http://host:9000"
    )
    s3_public_endpoint: str = Field(
        default="",
        description="Address of the object store as users reach it; the same where empty",
    )
    s3_region: str = Field(default="us-east-1", description="Region that requests are signed for")
    s3_bucket: str = Field(default="clipforge", description="Bucket that holds everything")
    s3_access_key: str = Field(description="Access key of the object store")
    s3_secret_key: SecretStr = Field(description="Secret key of the object store")
    s3_sync_path: Path | None = Field(
        default=None,
        description="Folder of an embedded object store: flushed to disk after each upload",
    )

    data_dir: Path = Field(
        default=Path(".clipforge"),
        description="Where the embedded stack and the model cache keep their data",
    )
    scratch_dir: Path = Field(
        default=Path(tempfile.gettempdir()), description="Where temporary files are made"
    )
    admin_port: int = Field(
        default=9090,
        ge=0,
        le=65535,
        description="Port of metrics and health of a service; 0: any free one",
    )
    admin_host: str = Field(
        default="127.0.0.1", description="Address that the admin port listens on"
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")
    otlp_endpoint: str = Field(
        default="",
        description="OTLP/HTTP collector for traces: http://host:4318; empty: traces stay inside",
    )
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="Copies of the log: 3 in a cluster, 1 embedded"
    )
    stream_max_age_days: float = Field(
        default=7, gt=0, description="How long the log keeps facts, in days"
    )
    grace_seconds: float = Field(
        default=25,
        gt=0,
        description="Time to finish or hand back work after SIGTERM, below the pod's grace period",
    )


def load(settings: type[S]) -> S:
    """Read settings from the environment, or stop the process with a sentence for each fault."""
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        for fault in error.errors():
            name = prefix + "_".join(str(part) for part in fault["loc"]).upper()
            sys.stderr.write(f"{name}: {fault['msg'].lower()}\n")
        sys.exit(78)  # EX_CONFIG of sysexits.h: no use to start it again as it is
