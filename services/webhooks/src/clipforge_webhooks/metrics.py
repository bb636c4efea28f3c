"""What can be seen of webhooks beside what every stage shows."""

from typing import Final

from prometheus_client import Histogram

from clipforge_runtime.telemetry import at_nothing
from clipforge_webhooks import verdict

SECONDS: Final = Histogram(
    "clipforge_webhook_seconds",
    "Seconds that endpoints took to answer, by what came of it",
    ["outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)
at_nothing(SECONDS, verdict.OUTCOMES)


def sent(outcome: str, seconds: float) -> None:
    """An attempt has ended."""
    SECONDS.labels(outcome).observe(seconds)
