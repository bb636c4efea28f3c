"""`python -m bench.gateway.bare PORT DATABASE_URL TENANT`: what stands below the gateway's costs.

The gateway's own web server with two routes: `/` answers with a body of so many bytes (BYTES) and
asks nobody, as a bare FastAPI route; `/rows` is a page of projects without a framework around it:
Starlette, one query of psycopg on a pool, and `json`.
"""

import asyncio
import json
import sys

from fastapi import FastAPI
from fastapi.responses import Response
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request
from starlette.routing import Route

from clipforge_gateway.serving import web_server

BYTES = 12_000  # of a page of twenty projects
PAGE = """
SELECT id, title, state, source, options, language, notice, version, created_at, updated_at
FROM projects WHERE tenant_id = %s ORDER BY sequence DESC, id DESC LIMIT 20
"""


async def serve(port: int, database: str, tenant: str) -> None:
    pool = AsyncConnectionPool(database, open=False, max_size=20)
    app = FastAPI(openapi_url=None)
    body = json.dumps({"items": "x" * BYTES}).encode()

    @app.get("/")
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    async def rows(_: Request) -> Response:
        async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as page:
            await page.execute(PAGE, (tenant,))
            found = await page.fetchall()
        return Response(json.dumps({"items": found}, default=str), media_type="application/json")

    app.router.routes.append(Route("/rows", rows))
    async with pool:
        await web_server(app, "127.0.0.1", port).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
