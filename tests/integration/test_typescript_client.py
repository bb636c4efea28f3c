"""The OpenAPI document makes a TypeScript client that compiles and works."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import httpx
import pytest

from clipforge_contracts.pipeline import PIPELINE
from gateways import House, Tenant

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm"),
]

PROGRAM: Final = Path(__file__).parents[1] / "typescript"
SECONDS: Final = 240


async def test_a_client_that_is_generated_from_the_document_walks_through_the_api(
    house: House, tenant: Tenant, tmp_path: Path
) -> None:
    folder = tmp_path / "typescript"
    shutil.copytree(PROGRAM, folder, ignore=shutil.ignore_patterns("node_modules", "made"))
    async with httpx.AsyncClient(base_url=house.url) as http:
        (folder / "openapi.json").write_text((await http.get("/openapi.json")).text)

    await run(folder, "npm", "ci", "--ignore-scripts")
    # What has a default need not be sent.
    options = ("--default-non-nullable=false", "-o", "api.d.ts")
    await run(folder, "npx", "openapi-typescript", "openapi.json", *options)
    await run(folder, "npx", "tsc")
    said = await run(
        folder, "node", "made/walk.js", env={"GATEWAY": house.url, "API_KEY": tenant.key}
    )

    walked = json.loads(said)
    assert walked == {
        "parts": 1,
        "title": "A talk",
        "titles": ["A talk"],
        "problem": walked["problem"],
        "queues": len(PIPELINE),
        "gone": 202,
    }
    assert walked["problem"].endswith("not-found")


async def run(folder: Path, *command: str, env: dict[str, str] | None = None) -> str:
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return str(done.stdout)
