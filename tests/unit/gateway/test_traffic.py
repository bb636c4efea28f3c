"""What goes through the gateway is counted by route, and timed where nobody asked to wait."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from clipforge_gateway.traffic import Traffic
from clipforge_runtime import telemetry

APP = FastAPI()
APP.add_middleware(Traffic)


@APP.get("/v1/films/{name}")
async def film(name: str) -> dict[str, str]:
    return {"name": name}


@APP.post("/v1/traced")
async def traced() -> dict[str, str]:
    return {"trace": telemetry.trace_id()}


@APP.get("/v1/broken")
async def broken() -> None:
    raise RuntimeError("broken")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"clipforge_http_{name}", labels) or 0.0


async def test_requests_are_counted_by_their_route_and_not_by_their_address(
    http: httpx.AsyncClient,
) -> None:
    route = {"method": "GET", "route": "/v1/films/{name}"}
    counted = figure("requests_total", status="200", **route)
    timed = figure("request_seconds_count", **route)

    await asyncio.gather(*(http.get(f"/v1/films/{number}") for number in range(5)))

    assert figure("requests_total", status="200", **route) == counted + 5
    assert figure("request_seconds_count", **route) == timed + 5


async def test_an_answer_that_was_to_come_later_is_counted_and_not_timed(
    http: httpx.AsyncClient,
) -> None:
    route = {"method": "GET", "route": "/v1/films/{name}"}
    counted = figure("requests_total", status="200", **route)
    timed = figure("request_seconds_count", **route)

    await http.get("/v1/films/one?wait=30")

    assert figure("requests_total", status="200", **route) == counted + 1
    assert figure("request_seconds_count", **route) == timed


async def test_a_defect_counts_as_one(http: httpx.AsyncClient) -> None:
    labels = {"method": "GET", "route": "/v1/broken", "status": "500"}
    before = figure("requests_total", **labels)

    await http.get("/v1/broken")

    assert figure("requests_total", **labels) == before + 1


async def test_addresses_that_nobody_serves_and_methods_that_nobody_knows_are_one_figure(
    http: httpx.AsyncClient,
) -> None:
    labels = {"method": "OTHER", "route": "none", "status": "404"}
    before = figure("requests_total", **labels)

    await http.request("BREW", "/coffee/1")
    await http.request("STEEP", "/tea/2")

    assert figure("requests_total", **labels) == before + 2


async def test_a_client_that_leaves_before_the_answer_is_told_apart() -> None:
    labels = {"method": "GET", "route": "none", "status": "499"}
    before = figure("requests_total", **labels)

    async def silent(*_: object) -> None:
        return

    scope = {"type": "http", "method": "GET", "query_string": b"", "path": "/", "headers": []}
    await Traffic(silent)(scope, silent, silent)  # type: ignore[arg-type]

    assert figure("requests_total", **labels) == before + 1


async def test_a_request_has_a_trace_of_its_own_or_its_clients(
    http: httpx.AsyncClient,
) -> None:
    of_client = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{of_client}-b7ad6b7169203331-01"}

    own = [(await http.post("/v1/traced")).json()["trace"] for _ in range(2)]
    theirs = (await http.post("/v1/traced", headers=headers)).json()["trace"]

    assert len(set(own)) == 2
    assert all(own)
    assert theirs == of_client
