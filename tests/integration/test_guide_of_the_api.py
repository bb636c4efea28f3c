"""The commands of the guide to the API do what it says."""

import asyncio
import re
from pathlib import Path

import pytest

from gateways import House, Tenant

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

GUIDE = Path(__file__).parents[2] / "docs/guides/api.md"
COMMANDS = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
SAID = ('"items"', '"items"', '"part_bytes"', "304", "# This request needs a valid API key")


@pytest.mark.parametrize(
    ("command", "said"),
    list(zip(COMMANDS, SAID, strict=True)),
    ids=["list", "sort", "once", "tag", "why"],
)
async def test_a_command_of_the_guide_works(
    house: House, tenant: Tenant, command: str, said: str
) -> None:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "CLIPFORGE_URL": house.url,
        "CLIPFORGE_API_KEY": tenant.key,
    }
    shell = await asyncio.create_subprocess_exec(
        "sh",
        "-euc",
        command,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await shell.communicate()

    assert shell.returncode == 0, errors.decode()
    assert said in output.decode()
    if "Idempotency-Key" in command:
        first, second = output.decode().split("}{")
        assert first.lstrip("{") == second.rstrip("}")
