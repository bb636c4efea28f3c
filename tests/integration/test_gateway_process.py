"""The gateway as its supervisor sees it: a process with settings, probes, logs and signals."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from clipforge_contracts import ids
from clipforge_standalone.servers import ports
from clipforge_standalone.servers.process import Child
from gateways import FILM, House, Tenant, heard
from workshop import eventually

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

BOOT = 90.0  # seconds; a busy machine takes long to import all that a process needs
FIRST_KEY = "cf_" + "f" * 40


def environment(house: House, port: int, admin: int) -> dict[str, str]:
    settings = house.settings
    return {
        "PATH": os.environ["PATH"],
        "CLIPFORGE_NATS_URL": house.nats.url("gateway"),
        "CLIPFORGE_DATABASE_URL": settings.database_url.get_secret_value(),
        "CLIPFORGE_S3_ENDPOINT": settings.s3_endpoint,
        "CLIPFORGE_S3_BUCKET": settings.s3_bucket,
        "CLIPFORGE_S3_ACCESS_KEY": settings.s3_access_key,
        "CLIPFORGE_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
        "CLIPFORGE_BOOTSTRAP_API_KEY": FIRST_KEY,
        "CLIPFORGE_LOG_LEVEL": "DEBUG",
        "CLIPFORGE_PORT": str(port),
        "CLIPFORGE_ADMIN_PORT": str(admin),
    }


@pytest_asyncio.fixture(loop_scope="module")
async def process(house: House, tmp_path: Path) -> AsyncIterator[tuple[Child, str]]:
    """A gateway in a process of its own beside the house's, and its address."""
    port, admin = ports.free(), ports.free()
    child = Child(
        "gateway",
        [sys.executable, "-m", "clipforge_gateway"],
        tmp_path / "gateway.log",
        env=environment(house, port, admin),
    )
    child.start()

    async def ready() -> bool:
        assert child.running, child.log.read_text()
        try:
            async with httpx.AsyncClient() as probe:
                answer = await probe.get(f"http://127.0.0.1:{admin}/health/ready")
                served = await probe.get(f"http://127.0.0.1:{port}/health/live")
        except httpx.TransportError:
            return False
        return answer.status_code == served.status_code == 200

    try:
        await eventually(ready, within=BOOT)
        yield child, f"http://127.0.0.1:{port}"
    finally:
        child.kill()


async def test_a_gateway_that_is_asked_to_stop_ends_its_streams_and_is_gone(
    house: House, tenant: Tenant, process: tuple[Child, str]
) -> None:
    child, url = process
    project = await house.submit(tenant)
    headers = {"Authorization": f"Bearer {tenant.key}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http,
        http.stream("GET", f"/v1/projects/{project}/events") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"

        os.kill(child.pid, signal.SIGTERM)
        rest = [line async for line in lines]

    async def gone() -> bool:
        return not child.running

    await eventually(gone)
    assert "event: project-submitted" in rest
    assert child.exit_code == 0


async def test_a_gateway_without_its_log_stops_when_it_is_asked(
    house: House, tenant: Tenant, process: tuple[Child, str]
) -> None:
    child, url = process
    house.nats.child.kill()
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            headers = {"Authorization": f"Bearer {tenant.key}"}
            answer = await http.get(f"/v1/exports/{ids.new('exp')}", headers=headers)

        os.kill(child.pid, signal.SIGTERM)

        async def gone() -> bool:
            return not child.running

        await eventually(gone)
    finally:
        house.nats.start()
    assert answer.status_code == 503
    assert child.exit_code == 0


async def test_logs_are_json_with_no_secret_in_them(
    house: House, tenant: Tenant, process: tuple[Child, str]
) -> None:
    child, url = process
    unknown = "cf_" + "u" * 43
    secrets = [
        FIRST_KEY,
        tenant.key,
        unknown,
        house.settings.s3_secret_key.get_secret_value(),
        house.nats.passwords["gateway"],
        "testpassword",
        "X-Amz-Signature=",
        "hunter2",
    ]
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        for key in (FIRST_KEY, tenant.key, unknown):
            headers = {"Authorization": f"Bearer {key}"}
            begun = await http.post(
                "/v1/uploads", json={"file_name": "a.mp4", "bytes": 4}, headers=headers
            )
            if begun.status_code == 201:
                await http.get(f"/v1/uploads/{begun.json()['id']}/parts", headers=headers)
            body = {"source": {"type": "url", "url": f"{FILM}?token=hunter2"}}
            await http.post("/v1/projects", json=body, headers=headers)
            await http.get(f"/v1/projects/{ids.new('prj')}", headers=headers)
            await http.post("/v1/projects", content=b"{", headers=headers)
    with_log = child.log.read_text()
    house.nats.child.kill()
    try:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            headers = {"Authorization": f"Bearer {tenant.key}"}
            answer = await http.get(f"/v1/exports/{ids.new('exp')}", headers=headers)
    finally:
        house.nats.start()

    assert answer.status_code == 503
    everything = child.log.read_text()
    assert len(everything) > len(with_log)
    for line in everything.splitlines():
        told = json.loads(line)
        assert {"time", "level", "service", "message"} <= set(told)
    for secret in secrets:
        assert secret not in everything.replace("X-Amz-Signature=***", "")


async def test_two_gateways_tell_the_same(
    house: House, tenant: Tenant, process: tuple[Child, str]
) -> None:
    _, url = process
    headers = {"Authorization": f"Bearer {tenant.key}"}
    film = await house.ready(tenant)
    async with house.events(tenant, film.project) as events:
        [*_, last] = await heard(events, until="video-transcribed")

    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as other,
        other.stream(
            "GET", f"/v1/projects/{film.project}/events", headers={"Last-Event-ID": last.id}
        ) as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                break

    assert line == "event: clips-detected"


async def test_settings_that_are_missing_stop_the_boot_in_words(tmp_path: Path) -> None:
    child = Child(
        "gateway",
        [sys.executable, "-m", "clipforge_gateway"],
        tmp_path / "gateway.log",
        env={"PATH": os.environ["PATH"], "CLIPFORGE_PORT": "99999"},
    )
    child.start()

    async def ended() -> bool:
        return not child.running

    await eventually(ended, within=BOOT)
    said = child.log.read_text()
    assert child.exit_code == 78
    assert "CLIPFORGE_DATABASE_URL is missing" in said
    assert "CLIPFORGE_PORT is not usable" in said
