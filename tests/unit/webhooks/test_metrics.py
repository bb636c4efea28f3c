"""What dashboards and alerts ask of webhooks."""

from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from clipforge_webhooks import metrics, verdict
from clipforge_webhooks.sending import Answer


@pytest.mark.parametrize(
    "answer",
    [
        *(Answer(datetime.now(UTC), 5, status=status) for status in (204, 301, 404, 410, 503)),
        *(Answer(datetime.now(UTC), 5, trouble=trouble) for trouble in verdict.TROUBLE),
    ],
    ids=lambda answer: answer.trouble or str(answer.status),
)
def test_every_outcome_can_be_asked_for_before_it_has_happened(answer: Answer) -> None:
    outcome = verdict.outcome(answer)

    before = count(outcome)
    metrics.sent(outcome, answer.milliseconds / 1000)

    assert before is not None
    assert count(outcome) == before + 1


def count(outcome: str) -> float | None:
    return REGISTRY.get_sample_value("clipforge_webhook_seconds_count", {"outcome": outcome})
