"""What each problem means and what to do, for docs/problems and for the address of its type."""

from collections.abc import Mapping
from typing import Final

from clipforge_gateway.problems import AFTER, BASE, CATALOGUE, Kind

REMEDIES: Final[Mapping[str, str]] = {
    "unauthenticated": "No API key came with the request, or one that is unknown, revoked or out "
    "of date. Send `Authorization: Bearer <key>` with a key that `clipforge keys list` shows. "
    "Where an issuer of tokens is set, `detail` says what is wrong with a token.",
    "forbidden": "The key is good, and its role or tenant is not enough. Keys of the role `admin` "
    "manage keys and webhooks; queues and tenants are for admins of the installation's own tenant.",
    "not-found": "There is nothing of this id, or it belongs to another tenant: both are answered "
    "alike. Check the id and the key. A transcript or a clip may be still to come: `detail` says.",
    "method-not-allowed": "The address is right, the method is not. The header `Allow` lists "
    "those that it takes.",
    "too-slow": "The body did not arrive within 30 seconds, and the connection is closed. Send it "
    "in one go; films go to the addresses of an upload, part by part.",
    "conflict": "The thing is in a state in which this cannot be done, such as an upload that "
    "lacks parts, or a project that was cancelled. `detail` names the state and the way out.",
    "request-in-progress": "Another request with the same `Idempotency-Key` is at work. Send it "
    "again after `Retry-After`: you get the answer of the first one.",
    "answer-not-repeatable": "The request was done before under this `Idempotency-Key`, and its "
    "answer cannot be given again: it held a secret that is shown once. Remove what was made, and "
    "make another one with a new key.",
    "gone": "It was there and is gone: its film has expired, as the plan says, or it was deleted. "
    "Submit the film again; for what an `Idempotency-Key` has made, use a new key.",
    "precondition-failed": "What you want to change has changed since you read it. Read it again, "
    "make your change to what it is now, and send the new `ETag` as `If-Match`.",
    "too-large": "The body has more than 1 MiB, or the file more than an upload may have. Films "
    "go to the addresses of an upload, not through the API.",
    "address-too-long": "The address, parameters included, has more than 8 KiB.",
    "invalid": "A field or a parameter is not as it has to be. `errors` names each with what is "
    "wrong; fields that the API does not know are refused, too.",
    "idempotency-key-reused": "This `Idempotency-Key` came with another body within a day. Use a "
    "new key for each thing that you want done, and the same one only to repeat a request.",
    "precondition-required": "An edit must say what it changes: send the `ETag` of what you have "
    "read as `If-Match`, or `*` to overwrite whatever it is.",
    "backlog-full": "As many of your jobs wait or run as your plan may have. Wait until some are "
    "done, or cancel some; `Retry-After` says when to try again.",
    "rate-limited": "More requests came in this window than your plan has. Wait for `Retry-After`; "
    "`RateLimit` and `RateLimit-Policy` tell of every answer what is left.",
    "too-many-at-once": "Too many event streams, waits or searches of yours are open at once. "
    "Close some, or share one stream among those who look at it.",
    "headers-too-large": "The request has more than 100 headers, or 32 KiB of them.",
    "internal": "The fault is ours. Report `request_id` to the operator, who finds it in the logs.",
    "unavailable": "The database, the log or the object store does not answer; `detail` says "
    "which. Nothing that was taken on is lost. Try again after `Retry-After`.",
    "overloaded": "This gateway has more in hand than it can answer in time, and refuses some to "
    "keep the others quick. Try again after `Retry-After`, another replica may be free.",
    "no-room": "The log has little room left, which is kept for what it holds. New work is taken "
    "on again once finished work has gone, in minutes; else the operator has to give it more room.",
}


def page(kind: Kind) -> str:
    """What stands at the address of a problem's type, in Markdown."""
    again = f" It comes with `Retry-After: {AFTER[kind]}`." if kind in AFTER else ""
    return (
        f"# {kind.title}\n\n"
        f"`{BASE}{kind.code}` · HTTP {kind.status}\n\n"
        f"{REMEDIES[kind.code]}{again}\n"
    )


def index() -> str:
    """The list of all problems, in Markdown."""
    rows = [
        f"| [{kind.code}]({kind.code}.md) | {kind.status} | {kind.title} |"
        for kind in sorted(CATALOGUE, key=lambda kind: (kind.status, kind.code))
    ]
    head = ["| type | status | title |", "| --- | --- | --- |"]
    return "\n".join(["# Problems", "", INTRO, "", *head, *rows, ""])


INTRO: Final = (
    "Every error of the API is one of these (RFC 9457, `application/problem+json`). Programs go "
    "by `type`, which never changes; people read `detail`. The gateway answers each page at the "
    "address that `type` names. This page and those that it lists are generated by `make docs`."
)
