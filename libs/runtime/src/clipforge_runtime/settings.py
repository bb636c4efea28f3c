"""The configuration every service shares, read once from the environment.

Subclass RuntimeSettings in a service to add its own knobs, each with Field(description=...):
docs/settings.md is generated from them. A missing or wrong value stops the boot, in words.
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clipforge_contracts.plans import RUNNING, Plan

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

S = TypeVar("S", bound=BaseSettings)

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


class RuntimeSettings(BaseSettings):
    """What every service needs to know."""

    model_config = SettingsConfigDict(env_prefix="CLIPFORGE_", frozen=True, extra="ignore")

    nats_url: str = Field(
        description="Address of the log, with user and password: nats://user:pw@host:4222; several "
        "servers of a cluster by commas, of which the first has user and password for all",
        repr=False,
    )
    s3_endpoint: str = Field(
        description="Address of the object store, as services reach it: http://host:9000"
    )
    s3_public_endpoint: str = Field(
        default="",
        description="Address of the object store as users reach it; the same where empty",
    )
    s3_download_endpoint: str = Field(
        default="",
        description="Address of a CDN or cache in front of the object store: links to read lead "
        "there. It asks the store under the store's own name, with the whole query; empty: links "
        "lead to the store",
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
    sentry_dsn: SecretStr | None = Field(
        default=None,
        description="DSN of a project in Sentry, or in what speaks its protocol: each error that "
        "is logged is sent there; none: none is",
    )
    stream_replicas: int = Field(
        default=1, ge=1, le=5, description="Copies of the log: 3 in a cluster, 1 embedded"
    )
    stream_max_age_days: float = Field(
        default=7, gt=0, description="How long the log keeps facts, in days"
    )
    log_max_bytes: int = Field(
        default=0,
        ge=0,
        description="What the log's server may hold on disk (its max_file), in bytes; "
        "0: the limit of the NATS account, where it has one; where both are, the tighter one holds",
    )
    running_limit_business: int = Field(
        default=RUNNING[Plan.BUSINESS],
        ge=0,
        description="Jobs of one business tenant that run at once in a stage; 0: no limit",
    )
    running_limit_pro: int = Field(
        default=RUNNING[Plan.PRO], ge=0, description="The same for one pro tenant"
    )
    running_limit_free: int = Field(
        default=RUNNING[Plan.FREE], ge=0, description="The same for one free tenant"
    )
    retention_free_hours: float = Field(
        default=12,
        gt=0,
        description="How long films and exports of free tenants are kept, once they are done",
    )
    retention_pro_hours: float = Field(default=48, gt=0, description="The same for the plan pro")
    retention_business_hours: float = Field(
        default=168, gt=0, description="The same for the plan business"
    )
    grace_seconds: float = Field(
        default=25,
        gt=0,
        description="Time to finish or hand back work after SIGTERM, below the pod's grace period",
    )

    pod_deletion_cost: bool = Field(
        default=False,
        description="Tell Kubernetes how much this pod has in hand, so that scale-in takes idle "
        "ones; the pod needs a token that may patch it",
    )

    @property
    def retention(self) -> dict[Plan, timedelta]:
        """How long films and exports are kept, by plan."""
        return {
            Plan.FREE: timedelta(hours=self.retention_free_hours),
            Plan.PRO: timedelta(hours=self.retention_pro_hours),
            Plan.BUSINESS: timedelta(hours=self.retention_business_hours),
        }

    @field_validator("nats_url")
    @classmethod
    def _is_a_log(cls, addresses: str) -> str:
        """One server or several: each is looked at, and stands without blanks."""
        each = [_address(one.strip(), "nats", "tls") for one in addresses.split(",")]
        parts = [urlsplit(one) for one in each]
        if len({one.scheme for one in parts}) > 1:
            raise ValueError("must name servers that are all nats:// or all tls://")
        if any(one.username and _user(one) != _user(parts[0]) for one in parts):
            raise ValueError("must have one user and password, which the first server names")
        return ",".join(each)

    @field_validator("s3_endpoint")
    @classmethod
    def _is_a_store(cls, address: str) -> str:
        return _address(address, "http", "https")

    @field_validator("s3_public_endpoint", "s3_download_endpoint")
    @classmethod
    def _is_a_store_or_the_same(cls, address: str) -> str:
        return _address(address, "http", "https") if address else ""

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, level: str) -> str:
        if level.upper() not in LEVELS:
            raise ValueError(f"is {level!r}, not one of {', '.join(LEVELS)}")
        return level.upper()


def _user(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[0]


def _address(address: str, *schemes: str) -> str:
    """The address, which may hold a password: so a complaint does not repeat it."""
    parts = urlsplit(address)
    if parts.scheme not in schemes or not parts.hostname:
        begin = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"must begin with {begin} and name a host")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a port from 0 to 65535, or none") from None
    return address


def hosts_and_ports(setting: str) -> frozenset[tuple[str, int]]:
    """Of a list host:port, by commas: the exceptions to a rule for addresses."""
    pairs = [one.strip().rpartition(":") for one in setting.split(",") if one.strip()]
    return frozenset((host.strip("[]").lower(), int(port)) for host, _, port in pairs)


def load(settings: type[S]) -> S:
    """Read settings from the environment, or stop the process with a sentence for each fault."""
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        for fault in error.errors():
            field = str(fault["loc"][0]) if fault["loc"] else ""
            known = settings.model_fields.get(field)
            about = f" ({known.description})" if known is not None and known.description else ""
            sys.stderr.write(f"{prefix}{field.upper()} {_complaint(fault)}{about}\n")
        sys.exit(78)  # EX_CONFIG of sysexits.h: no use to start it again as it is


def _complaint(fault: "ErrorDetails") -> str:
    match fault["type"]:
        case "missing":
            return "is missing"
        case "value_error":
            return str(fault["ctx"]["error"])
        case _:
            return f"is not usable: {fault['msg'].lower()}"
