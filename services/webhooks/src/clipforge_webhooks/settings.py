"""Knobs of the webhooks service."""

from pydantic import Field, SecretStr, field_validator

from clipforge_contracts.pipeline import WEBHOOKS
from clipforge_contracts.plans import Plan
from clipforge_contracts.webhooks import Keyring
from clipforge_runtime.limits import Limits
from clipforge_runtime.outbound import Allowed
from clipforge_runtime.settings import RuntimeSettings, hosts_and_ports


class Settings(RuntimeSettings):
    webhooks_secret_keys: SecretStr = Field(
        description="Keys that the secrets of endpoints follow from, by commas, the newest first; "
        "the same for gateway and webhooks"
    )
    webhooks_allow: str = Field(
        default="",
        description="host:port list, by commas, that webhooks may be sent to although private or "
        "without TLS; the same for gateway and webhooks",
    )
    webhooks_concurrency: int = Field(
        default=WEBHOOKS.concurrency, ge=1, le=500, description="Webhooks sent at once"
    )
    webhooks_tenant_concurrency: int = Field(
        default=16,
        ge=2,
        le=500,
        description="Webhooks of one tenant sent at once, over all replicas; one endpoint gets "
        "half of them",
    )

    @field_validator("webhooks_secret_keys")
    @classmethod
    def _are_keys(cls, keys: SecretStr) -> SecretStr:
        Keyring.read(keys.get_secret_value())
        return keys

    @property
    def keyring(self) -> Keyring:
        """The keys, to sign with."""
        return Keyring.read(self.webhooks_secret_keys.get_secret_value())

    @property
    def allowed(self) -> Allowed:
        """The exceptions to the rule that addresses are public and speak https."""
        return hosts_and_ports(self.webhooks_allow)

    @property
    def limits(self) -> Limits:
        """The same for every plan: what is sent costs us little, and waiting others much."""
        return Limits(dict.fromkeys(Plan, self.webhooks_tenant_concurrency))
