"""What an answer means for a delivery: accepted, tried again, or given up. Pure."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from clipforge_webhooks.sending import SECONDS, Answer

GONE: Final = 410  # "wants no more", says Standard Webhooks
TROUBLE: Final = {
    "timeout": f"It did not answer within {SECONDS:g} seconds.",
    "unresolved": "There is no server of this name.",
    "tls": "It has no valid certificate, or does not speak https.",
    "unreachable": "It could not be reached, or broke off its answer.",
    "forbidden": "Its address is not public, or not https. Save one that is.",
}

OUTCOMES: Final = ("delivered", "gone", "refused", *TROUBLE)


def accepted(answer: Answer) -> bool:
    """2xx, and nothing else: a redirect is not followed."""
    return 200 <= answer.status < 300


def in_words(answer: Answer) -> str:
    """What the owner of the endpoint is told."""
    if answer.trouble:
        return TROUBLE[answer.trouble]
    if 300 <= answer.status < 400:
        return f"It redirects ({answer.status}), which is not followed. Save the address it names."
    if answer.status == GONE:
        return "It answered 410: it wants to hear nothing more."
    return "" if accepted(answer) else f"It answered {answer.status}."


def outcome(answer: Answer) -> str:
    """In a word, for the metrics."""
    if accepted(answer):
        return "delivered"
    return answer.trouble or ("gone" if answer.status == GONE else "refused")


def asked_to_wait(answer: Answer) -> timedelta:
    """What Retry-After says, in seconds or as a date; nothing where it says neither."""
    try:
        return max(timedelta(0), timedelta(seconds=float(answer.retry_after)))
    except (ValueError, OverflowError):
        pass
    try:
        until = parsedate_to_datetime(answer.retry_after)
    except (ValueError, TypeError):
        return timedelta(0)
    return max(timedelta(0), until.astimezone(UTC) - datetime.now(UTC))
