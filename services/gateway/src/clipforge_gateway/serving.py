"""The web server around the application."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from clipforge_gateway.slow_clients import Patient

CLOSE_SECONDS: Final = 10  # for requests in hand at SIGTERM
KEEP_ALIVE_SECONDS: Final = 75  # above the 60 s of common proxies, which must be the first to close
HEAD_BYTES: Final = 64 * 1024  # of a request line and its headers


class Server(uvicorn.Server):
    """uvicorn, whose signals are the service's."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The service has its own handlers."""
        yield


def web_server(app: FastAPI, host: str, port: int) -> Server:
    """A server of the application: `serve` it, set `should_exit` to end it."""
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            http=Patient,
            h11_max_incomplete_event_size=HEAD_BYTES,
            server_header=False,
            proxy_headers=False,  # nothing goes by where a client says that it is
        )
    )
