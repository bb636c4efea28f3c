"""`python -m clipforge_gateway`: serve the API until asked to stop."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from clipforge_gateway.app import create_app, open_parts
from clipforge_gateway.routes.health import database_answers
from clipforge_gateway.settings import Settings
from clipforge_runtime.main import service
from clipforge_runtime.settings import load

CLOSE_SECONDS = 10  # for requests in hand at SIGTERM


class Server(uvicorn.Server):
    """uvicorn, whose signals are the service's."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The service has its own handlers."""
        yield


async def main(settings: Settings) -> None:
    app = create_app()
    async with service("gateway", settings) as running, open_parts(settings) as parts:
        app.state.parts = parts
        running.ready("log", parts.log.healthy)
        running.ready("store", parts.store.healthy)
        running.ready("database", lambda: database_answers(parts.sessions))
        server = Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=CLOSE_SECONDS,
                timeout_keep_alive=75,
                h11_max_incomplete_event_size=64 * 1024,
                server_header=False,
            )
        )
        serving = asyncio.create_task(server.serve())
        stopped = asyncio.create_task(running.stop.wait())
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        parts.feed.close()
        server.should_exit = True
        await serving
        stopped.cancel()


if __name__ == "__main__":
    asyncio.run(main(load(Settings)))
