"""One delivery: look where the endpoint is by now, sign, send, and say what came of it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from clipforge.v1.facts_pb2 import (
    WebhookAttempt,
    WebhookAttempted,
    WebhookDelivered,
    WebhookDisabled,
    WebhookDue,
    WebhookSaved,
)
from clipforge_contracts.facts import Fact
from clipforge_contracts.webhooks import Keyring, valid
from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.progress import Report
from clipforge_webhooks import endpoints, metrics, signature, verdict
from clipforge_webhooks.endpoints import Log
from clipforge_webhooks.sending import Answer, Post


async def deliver(
    due: WebhookDue, *, log: Log, post: Post, keyring: Keyring, progress: Report
) -> WebhookDelivered:
    """Tell one endpoint of one event. Transient where it did not accept it, and is asked again."""
    endpoint = await endpoints.current(due, log)
    now = datetime.now(UTC)
    secrets = _secrets(endpoint, keyring, now)
    progress(10, "sending")
    headers = signature.headers(due.message_id, due.body, secrets, now=now)
    answer = await post(endpoint.url, headers, due.body)
    metrics.sent(verdict.outcome(answer), answer.milliseconds / 1000)
    if not verdict.accepted(answer):
        raise _refused(due, endpoint, answer)
    return WebhookDelivered(
        project=due.project,
        delivery_id=due.delivery_id,
        webhook_id=endpoint.webhook_id,
        attempt=_attempt(answer),
    )


def _secrets(endpoint: WebhookSaved, keyring: Keyring, now: datetime) -> list[bytes]:
    known = [one for one in valid(endpoint.secrets, at=now) if keyring.holds(one)]
    if not known:
        raise Permanent(
            "The key that this endpoint's secret follows from is no longer in use. "
            "Rotate its secret, then redeliver.",
            reason="no-key",
            detail="CLIPFORGE_WEBHOOKS_SECRET_KEYS lacks "
            + ", ".join(s.key_id for s in endpoint.secrets),
        )
    return [keyring.reveal(endpoint.webhook_id, one) for one in known]


def _refused(due: WebhookDue, endpoint: WebhookSaved, answer: Answer) -> Exception:
    sentence = verdict.in_words(answer)

    def told(n: int, next_at: datetime | None) -> Sequence[Fact]:
        attempted = WebhookAttempted(
            project=due.project,
            delivery_id=due.delivery_id,
            webhook_id=endpoint.webhook_id,
            attempt=_attempt(answer, n),
            next_at_ms=int(next_at.timestamp() * 1000) if next_at else 0,
        )
        return (attempted, _gone(endpoint)) if answer.status == verdict.GONE else (attempted,)

    if answer.status == verdict.GONE:
        return Permanent(sentence, reason="gone", told=told)
    if answer.trouble == "forbidden":
        return Permanent(sentence, reason="forbidden-address", told=told)
    return Transient(sentence, after=verdict.asked_to_wait(answer), told=told)


def _gone(endpoint: WebhookSaved) -> WebhookDisabled:
    return WebhookDisabled(
        project=endpoint.project,
        webhook_id=endpoint.webhook_id,
        revision=endpoint.revision,
        reason="gone",
        sentence="It answered 410: it wants to hear nothing more. Enable it if that was an error.",
    )


def _attempt(answer: Answer, n: int = 0) -> WebhookAttempt:
    return WebhookAttempt(
        n=n,
        at_ms=int(answer.at.timestamp() * 1000),
        status=answer.status,
        duration_ms=answer.milliseconds,
        error=verdict.in_words(answer),
        answer=answer.text,
    )
