"""`python -m bench.gateway.bare PORT BYTES`: what an answer costs that needs nothing at all.

The same web server and framework, one route, a body of so many bytes: the floor under the gateway.
"""

import asyncio
import json
import sys

from fastapi import FastAPI
from fastapi.responses import Response

from clipforge_gateway.serving import web_server


def main(port: int, size: int) -> None:
    app = FastAPI(openapi_url=None)
    body = json.dumps({"items": "x" * size}).encode()

    @app.get("/")
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    asyncio.run(web_server(app, "127.0.0.1", port).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
