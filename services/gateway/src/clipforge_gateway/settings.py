"""Knobs of the gateway."""

from pydantic import Field, SecretStr, field_validator

from clipforge_contracts.plans import Plan
from clipforge_contracts.webhooks import Keyring
from clipforge_runtime.settings import RuntimeSettings, hosts_and_ports


class Settings(RuntimeSettings):
    database_url: SecretStr = Field(
        description="Address of PostgreSQL: postgresql://user:pw@host:5432/clipforge"
    )
    database_read_url: SecretStr | None = Field(
        default=None,
        description="Address of a streaming replica of it, for reads that it is new enough for; "
        "none: all reads go to the primary",
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
    rate_free: int = Field(
        default=600,
        ge=0,
        description="Requests a minute that a free tenant may make, of which a quarter may be "
        "writes and a tenth searches; 0: no limit",
    )
    rate_pro: int = Field(default=3000, ge=0, description="The same for the plan pro")
    rate_business: int = Field(default=12_000, ge=0, description="The same for business")
    held_per_tenant: int = Field(
        default=1000,
        gt=0,
        description="Event streams that one tenant may have open at a gateway, and as many waits",
    )
    shed_requests: int = Field(
        default=1000, gt=0, description="Requests in hand from which a gateway refuses more"
    )
    shed_lag_seconds: float = Field(
        default=1.0,
        gt=0,
        description="Lag of the event loop from which a gateway refuses requests, where it lasts",
    )
    near_bytes: int = Field(
        default=64 * 1024**2,
        ge=0,
        description="Memory of a gateway for what it has read lately, in bytes; 0: none is kept",
    )
    near_project_seconds: float = Field(
        default=300, gt=0, description="How long a project is kept near that does not change"
    )
    near_clips_seconds: float = Field(
        default=600, gt=0, description="The same for pages of its clips"
    )
    near_transcript_seconds: float = Field(
        default=1800, gt=0, description="The same for what is said in it"
    )
    cors_origins: str = Field(
        default="",
        description="Pages that may ask from a browser, by commas: https://console.example.com; "
        "empty: none",
    )
    oidc_issuer: str = Field(
        default="",
        description="Issuer of JSON Web Tokens that are taken beside API keys: "
        "https://login.example.com; empty: none are",
    )
    oidc_audience: str = Field(
        default="clipforge", description="Whom a token must be for (its claim `aud`)"
    )
    oidc_jwks_url: str = Field(
        default="",
        description="Where the issuer's keys are; empty: where its discovery document says",
    )
    oidc_algorithms: str = Field(
        default="RS256,ES256", description="Algorithms that tokens may be signed by, by commas"
    )
    oidc_tenant_claim: str = Field(
        default="tenant_id", description="Claim that holds the id of the tenant (`ten_...`)"
    )
    oidc_role_claim: str = Field(
        default="role",
        description="Claim that holds the role or roles: `admin`; whatever else is a user",
    )
    oidc_leeway_seconds: float = Field(
        default=60, ge=0, le=600, description="How far the issuer's clock may be off"
    )
    link_seconds: int = Field(
        default=3600,
        ge=60,
        le=604_800,
        description="How long a download link is good for, at least; it changes each five minutes",
    )

    webhooks_secret_keys: SecretStr | None = Field(
        default=None,
        description="Keys that the secrets of endpoints follow from, by commas, the newest first; "
        "the same for gateway and webhooks; none: no webhooks",
    )
    webhooks_allow: str = Field(
        default="",
        description="host:port list, by commas, that webhooks may be sent to although private or "
        "without TLS; the same for gateway and webhooks",
    )
    webhooks_most: int = Field(default=10, gt=0, le=100, description="Endpoints a tenant may have")

    @field_validator("webhooks_secret_keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            Keyring.read(keys.get_secret_value())
        return keys

    @property
    def keyring(self) -> Keyring | None:
        """The keys that secrets of webhooks follow from."""
        return (
            Keyring.read(self.webhooks_secret_keys.get_secret_value())
            if self.webhooks_secret_keys
            else None
        )

    @property
    def webhooks_allowed(self) -> frozenset[tuple[str, int]]:
        """The exceptions to the rule that webhooks go to public addresses by https."""
        return hosts_and_ports(self.webhooks_allow)

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of pages that may ask from a browser."""
        return tuple(one.strip() for one in self.cors_origins.split(",") if one.strip())

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that tokens may be signed by."""
        return tuple(one.strip() for one in self.oidc_algorithms.split(",") if one.strip())

    def rate_of(self, plan: Plan) -> int:
        """How many requests a minute a tenant of this plan may make; 0: no limit."""
        return {
            Plan.FREE: self.rate_free,
            Plan.PRO: self.rate_pro,
            Plan.BUSINESS: self.rate_business,
        }[plan]

    def backlog_of(self, plan: Plan) -> int:
        """How many jobs a tenant of this plan may have unfinished at a time."""
        return {
            Plan.FREE: self.backlog_free,
            Plan.PRO: self.backlog_pro,
            Plan.BUSINESS: self.backlog_business,
        }[plan]
