"""What goes through the gateway, counted and timed by route: the figures behind alerts and SLOs."""

import time
from typing import Final

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipforge_runtime import telemetry

REQUESTS: Final = Counter(
    "clipforge_http_requests_total",
    "Requests answered, by route and status; 499: the client went before the answer",
    ["method", "route", "status"],
)
SECONDS: Final = Histogram(
    "clipforge_http_request_seconds",
    "Seconds from a request to the first byte of its answer, but of those that asked to wait",
    ["method", "route"],
    # Steps at the promises of S8: 50, 100, 200 and 500 ms; and at 5 s, which nobody should see.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30),
)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNROUTED: Final = "none"  # addresses that nobody serves are countless
GONE: Final = 499  # as proxies write it
BROKEN: Final = 500


class Traffic:
    """ASGI middleware; the first one, so that what the others refuse counts, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = GONE

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if not _waits(scope):
                    method, route = _labels(scope)
                    SECONDS.labels(method, route).observe(time.perf_counter() - began)
            await send(message)

        try:
            with telemetry.request(Headers(scope=scope)):
                await self._app(scope, receive, counted)
        except Exception:
            status = BROKEN if status == GONE else status  # else the answer had begun
            raise
        finally:
            method, route = _labels(scope)
            REQUESTS.labels(method, route, str(status)).inc()


def _labels(scope: Scope) -> tuple[str, str]:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    return method, getattr(scope.get("route"), "path", UNROUTED)


def _waits(scope: Scope) -> bool:
    """Whether the client asked for an answer later: `?wait=30`."""
    return b"wait=" in scope["query_string"]
