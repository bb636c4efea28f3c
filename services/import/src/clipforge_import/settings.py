"""Knobs of the import service."""

from pydantic import Field

from clipforge_contracts.pipeline import IMPORT
from clipforge_runtime.outbound import Allowed
from clipforge_runtime.settings import RuntimeSettings, hosts_and_ports


class Settings(RuntimeSettings):
    import_concurrency: int = Field(
        default=IMPORT.concurrency, ge=1, le=64, description="Films taken in at once"
    )
    import_allow: str = Field(
        default="",
        description="host:port list, by commas, that may be imported from although private",
    )
    import_sites: str = Field(
        default="",
        description="Hosts of video sites, by commas, whose pages yt-dlp may read: youtube.com. "
        "Needs the extra clipforge-import[sites]; none where empty",
    )

    @property
    def sites(self) -> frozenset[str]:
        """The video sites that are turned on."""
        return frozenset(one.strip().lower() for one in self.import_sites.split(",") if one.strip())

    @property
    def allowed(self) -> Allowed:
        """The exceptions to the rule that private addresses are refused."""
        return hosts_and_ports(self.import_allow)
