"""`python -m clipforge_gateway`: serve the API until asked to stop."""

import asyncio

from clipforge_gateway.app import create_app, open_parts
from clipforge_gateway.health import database_answers
from clipforge_gateway.serving import web_server
from clipforge_gateway.settings import Settings
from clipforge_runtime.main import service
from clipforge_runtime.settings import load


async def main(settings: Settings) -> None:
    app = create_app(settings.origins)
    async with service("gateway", settings) as running, open_parts(settings) as parts:
        app.state.parts = parts
        running.ready("log", parts.log.healthy)
        running.ready("store", parts.store.healthy)
        running.ready("database", lambda: database_answers(parts.sessions))
        server = web_server(app, settings.host, settings.port)
        serving = asyncio.create_task(server.serve())
        stopped = asyncio.create_task(running.stop.wait())
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        parts.feed.close()
        server.should_exit = True
        await serving
        stopped.cancel()


if __name__ == "__main__":
    asyncio.run(main(load(Settings)))
