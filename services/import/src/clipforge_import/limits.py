"""What each plan may import."""

from dataclasses import dataclass
from typing import Final

from clipforge_contracts.plans import Plan
from clipforge_media.probe import Probed
from clipforge_runtime.errors import Permanent

HOUR_MS: Final = 3_600_000
GIB: Final = 1024**3


@dataclass(frozen=True)
class Limits:
    """Upper bounds, each with a sentence for who meets it."""

    bytes: int
    duration_ms: int

    def check_bytes(self, size: int) -> None:
        """Permanent where the file is too large."""
        if size > self.bytes:
            raise Permanent(
                f"The file is larger than your plan takes ({self.bytes // GIB} GB). "
                "Make it smaller, or take a larger plan.",
                reason="too-large",
            )

    def check_duration(self, duration_ms: int) -> None:
        """Permanent where the film is too long."""
        if duration_ms > self.duration_ms:
            raise Permanent(
                f"The film is longer than your plan takes ({self.duration_ms // HOUR_MS} hours). "
                "Cut it, or take a larger plan.",
                reason="too-long",
            )

    def check(self, film: Probed) -> None:
        """Permanent where the film is too long, or is none at all."""
        self.check_duration(film.duration_ms)
        if film.duration_ms <= 0 or film.width <= 0 or film.height <= 0:
            raise Permanent("The film is empty.", reason="empty")


PLANS: Final[dict[Plan, Limits]] = {
    Plan.BUSINESS: Limits(bytes=50 * GIB, duration_ms=12 * HOUR_MS),
    Plan.PRO: Limits(bytes=20 * GIB, duration_ms=4 * HOUR_MS),
    Plan.FREE: Limits(bytes=4 * GIB, duration_ms=2 * HOUR_MS),
}
