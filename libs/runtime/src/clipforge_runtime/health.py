"""The admin port of every service: /metrics, /health/live and /health/ready.

It lives in threads of its own and asks the event loop with a timeout, so a blocked loop shows as
unhealthy instead of silent.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable
from concurrent.futures import TimeoutError as Blocked
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

Check = Callable[[], Awaitable[bool]]

CHECK_SECONDS: Final = 3.0
_REASONS: Final = {200: "200 OK", 404: "404 Not Found", 503: "503 Service Unavailable"}


class Health:
    """What a service says of itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._checks: dict[str, Check] = {}
        self.stopping = False

    def ready(self, name: str, check: Check) -> None:
        """The service is ready only while `check` answers True within three seconds."""
        self._checks[name] = check

    @property
    def started(self) -> bool:
        """Whether there is anything to check, yet."""
        return bool(self._checks)

    async def report(self) -> dict[str, bool]:
        """Every check by name; all are asked at once."""
        answers = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        return dict(zip(self._checks, answers, strict=True))

    def alive(self) -> bool:
        """Whether the event loop turns. Called from the admin's threads."""
        return self._on_loop(asyncio.sleep(0, True)) is True

    def readiness(self) -> tuple[bool, dict[str, bool]]:
        """Called from the admin's threads. Not ready before there is anything to check."""
        report = self._on_loop(self.report())
        if report is None:
            return False, {"event_loop": False}
        return self.started and not self.stopping and all(report.values()), report

    def _on_loop(self, work: Any) -> Any:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(CHECK_SECONDS + 1)
        except Blocked:
            future.cancel()
            return None


async def _ask(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception:  # whatever a check raises, the answer is no
        return False


@contextmanager
def admin_server(health: Health, host: str, port: int) -> Generator[int]:
    """Answer on the admin port; yields the port, which matters where 0 was asked for."""
    metrics = make_wsgi_app()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                body: Iterable[bytes] = metrics(environ, start)
                return body
            case "/health/live":
                alive = health.alive()
                return _json(start, 200 if alive else 503, {"alive": alive})
            case "/health/ready":
                ready, checks = health.readiness()
                return _json(start, 200 if ready else 503, {"ready": ready, "checks": checks})
            case _:
                return _json(start, 404, {"see": ["/metrics", "/health/live", "/health/ready"]})

    with make_server(host, port, answer, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, name="admin", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _json(start: Callable[..., Any], status: int, body: object) -> Iterable[bytes]:
    start(_REASONS[status], [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


class _Server(ThreadingMixIn, WSGIServer):
    """A probe that waits for a blocked loop must not keep the next one waiting."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Probes come every few seconds; they are no news."""
