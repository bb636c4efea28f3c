"""What a client is told while the database is away."""

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from clipforge_catalog.database import Sessions, open_database
from clipforge_gateway import problems
from clipforge_standalone.servers.ports import free


async def test_a_client_is_asked_to_come_back_while_the_database_is_away() -> None:
    nobody = f"postgresql://user:word@127.0.0.1:{free()}/none"

    async with open_database(nobody) as sessions:
        answer = await ask(sessions)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json()["type"].endswith("/unavailable")


async def ask(sessions: Sessions) -> httpx.Response:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def read() -> None:
        async with sessions() as session:
            await (await session.connection()).execute(text("SELECT 1"))

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.get("/")
