"""What stands before the routes: how often, how much at once, and whether this process can now.

Health is never held up. Streams and waits are held open for long, so they are bounded by tenant and
do not count as load.
"""

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qs

from prometheus_client import Counter as Metric
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipforge_gateway.auth import Caller
from clipforge_gateway.load import REASONS
from clipforge_gateway.parts import caller_or_none, parts_of_app
from clipforge_gateway.problems import AT_ONCE, OVERLOADED, RATE_LIMITED, Problem
from clipforge_gateway.rates import WINDOW_SECONDS, Kind
from clipforge_runtime.telemetry import at_nothing

# For an answer that is not held open: what hangs behind us must not gather requests without end.
# Longest is the completion of an upload, for which a store puts its parts together.
ANSWER_SECONDS: Final = 60.0
READS: Final = ("GET", "HEAD", "OPTIONS")
# Of one tenant at once, in one process, of each kind: a query over all its words, up to a hundred
# outputs planned, a thousand jobs begun anew, all words of a film laid out as text.
AT_WORK: Final = {"search": 8, "batch": 8, "replay": 8, "text": 8}
COSTLY: Final = {"/v1/exports/batch": "batch", "/v1/dead-letters/replay": "replay"}
LASTING: Final = ("stream", "wait")
SHED: Final = Metric("clipforge_shed_total", "Requests refused to keep the others quick", ["why"])
at_nothing(SHED, (*REASONS, *LASTING, *AT_WORK))


class Gate:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: Counter[tuple[str, str]] = Counter()  # by tenant and what it is

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        what = _bounded_as(scope)
        with parts_of_app(scope).load.request(counts=what not in LASTING) as overloaded:
            if overloaded:
                SHED.labels(overloaded).inc()
                raise Problem(OVERLOADED, "This gateway is busy just now. Try again in a moment.")
            async with asyncio.timeout(None if what in LASTING else ANSWER_SECONDS):
                caller = await caller_or_none(Request(scope))
                if caller is not None:
                    send = await _counted(scope, caller, send)
                    with self._one_more(scope, caller, what):
                        await self._app(scope, receive, send)
                    return
        # The route says that it is nobody, who takes no place of those who are somebody meanwhile.
        await self._app(scope, receive, send)

    @contextmanager
    def _one_more(self, scope: Scope, caller: Caller, what: str) -> Generator[None]:
        """Of what is held open or costs much, a tenant has so many at once in this process."""
        if not what:
            yield
            return
        most = AT_WORK.get(what) or parts_of_app(scope).settings.held_per_tenant
        key = (caller.tenant_id, what)
        if self._open[key] >= most:
            SHED.labels(what).inc()
            raise Problem(
                AT_ONCE, f"You have {most} requests of this kind open: end one, then ask again."
            )
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]


async def _counted(scope: Scope, caller: Caller, send: Send) -> Send:
    """Count the request. A Problem where there were too many; else it is told how many are left."""
    rate = await parts_of_app(scope).rates.count(caller, _kind(scope))
    if rate is None:
        return send
    if not rate.allowed:
        raise Problem(
            RATE_LIMITED,
            f"Your plan has {rate.quota} requests of the kind `{rate.kind}` in "
            f"{WINDOW_SECONDS} seconds. Go on in {rate.seconds_left} seconds.",
            headers={**rate.headers(), "Retry-After": str(rate.seconds_left)},
        )
    told = [(name.lower().encode(), value.encode()) for name, value in rate.headers().items()]

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *told]}
        await send(message)

    return telling


def _kind(scope: Scope) -> Kind:
    if _is_search(scope):
        return "search"
    return "read" if scope["method"] in READS else "write"


def _bounded_as(scope: Scope) -> str:
    """As what a request is bounded that lasts or costs much; empty: it does neither."""
    if scope["method"] not in READS:
        return COSTLY.get(scope["path"], "")
    if scope["path"].endswith("/events"):
        return "stream"
    if _is_search(scope):
        return "search"
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    if scope["path"].endswith("/transcript") and asked.get("format", ["json"]) != ["json"]:
        return "text"
    return "wait" if asked.get("wait", ["0"]) != ["0"] else ""


def _is_search(scope: Scope) -> bool:
    return "search" in scope["path"].rsplit("/", 1)[-1]
