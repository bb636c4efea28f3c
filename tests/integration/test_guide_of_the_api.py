"""The commands of the guides to the API do what they say, and answer as it is written there."""

import asyncio
import json
import os
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateways import House, Tenant

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

GUIDES = Path(__file__).parents[2] / "docs/guides"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^```sh\n(.*?)^```", (GUIDES / "api.md").read_text(), re.M | re.S)
SAID = (
    *('"items"', '"items"', '"state":"queued"', '"part_bytes"', "304"),
    "# This request needs a valid API key",
)
WORDED = ("detail", "message")  # for people, who are told more than programs may count on


def answered(page: str) -> list[Any]:
    """Commands and programs of a guide, each with the answer that follows it."""
    blocks = BLOCK.findall((GUIDES / page).read_text())
    found = [
        pytest.param(kind, text, answer, id=f"{page} {n}")
        for n, ((kind, text), (follows, answer)) in enumerate(pairwise(blocks))
        if kind in ("sh", "python") and follows in ("json", "")
    ]
    assert len(found) == sum(kind in ("sh", "python") for kind, _ in blocks), "one has no answer"
    return found


@pytest.mark.parametrize(
    ("command", "said"),
    list(zip(COMMANDS, SAID, strict=True)),
    ids=["list", "sort", "hash", "once", "tag", "why"],
)
async def test_a_command_of_the_guide_works(
    house: House, tenant: Tenant, command: str, said: str
) -> None:
    if "sha256" in command:
        await house.stored(tenant)

    output = await run(house, tenant, "sh", command)

    assert said in output
    if "Idempotency-Key" in command:
        first, second = output.split("}{")
        assert first.lstrip("{") == second.rstrip("}")


@pytest.mark.parametrize(
    ("kind", "command", "answer"), [*answered("errors.md"), *answered("limits.md")]
)
async def test_what_a_guide_says_is_answered(
    house: House, tenant: Tenant, kind: str, command: str, answer: str
) -> None:
    output = await run(house, tenant, kind, command)

    if answer.lstrip().startswith("{"):
        assert shape(json.loads(output)) == shape(json.loads(answer))
    else:
        assert re.sub(r"[0-9]+", "0", output) == re.sub(r"[0-9]+", "0", answer)


def shape(value: Any) -> Any:
    """What programs may count on: names, codes, and of the rest which type it has."""
    if isinstance(value, dict):
        return {
            name: type(one).__name__ if name in (*WORDED, "request_id") else shape(one)
            for name, one in value.items()
        }
    return [shape(one) for one in value] if isinstance(value, list) else value


async def run(house: House, tenant: Tenant, kind: str, text: str) -> str:
    """What a block of a guide prints."""
    shell = ("sh", "-euc") if kind == "sh" else (sys.executable, "-c")
    environment = {
        "PATH": os.environ["PATH"],
        "CLIPFORGE_URL": house.url,
        "CLIPFORGE_API_KEY": tenant.key,
    }
    process = await asyncio.create_subprocess_exec(
        *shell,
        text,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()
