"""The OpenAPI document is the truth: whatever is asked, the answer is one that it names.

schemathesis makes requests of the document, valid and not: some of each operation, and for a while
(CONTRACT_SECONDS) more at the edges and in chains. It looks at each answer. The document that it
reads has ids of things that are there, so that it also reaches what lies behind a 404.
"""

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from clipforge_contracts.plans import Plan
from clipforge_gateway.app import create_app
from clipforge_gateway.auth import FIRST_TENANT
from clipforge_gateway.traffic import REQUESTS
from estates import fitting, furnish, uploaded
from gateways import House, Tenant

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SECONDS: Final = int(os.environ.get("CONTRACT_SECONDS", "60"))
EACH: Final = ("--phases", "examples,fuzzing", "--max-examples", "3")  # of each operation
RUNS: Final = {  # who asks, and in which ways
    "an operator": EACH,
    "an admin, at the edges": ("--phases", "coverage", "--max-time", str(SECONDS // 2)),
    "an admin, in chains": ("--phases", "stateful", "--max-time", str(SECONDS // 2)),
}
LEFT_OUT: Final = (
    # That a cursor is one of ours, or an entity tag the newest, no schema can say.
    "positive_data_acceptance",
)
# What is too long is refused before anybody looks whether it is wrong as well.
REFUSALS: Final = (400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, 431, 503)
ENDS: Final = ("delete", "cancel", "abort", "revoke")  # these get things of their own
STREAMS: Final = "events$"  # paths of what has no end, which is left out
Operation = tuple[str, str]
"""Method and path."""


@dataclass
class Reached:
    """What the runs so far were answered, by operation and status."""

    by_run: dict[str, Counter[tuple[Operation, int]]] = field(
        default_factory=dict[str, Counter[tuple[Operation, int]]]
    )

    @property
    def statuses(self) -> Mapping[Operation, set[int]]:
        found: dict[Operation, set[int]] = {}
        for answers in self.by_run.values():
            for operation, status in answers:
                found.setdefault(operation, set()).add(status)
        return found


@pytest.fixture(scope="module")
def reached() -> Reached:
    return Reached()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def askers(house: House) -> AsyncIterator[Mapping[str, Tenant]]:
    """Who asks, each with an estate."""
    admin = await house.tenant(Plan.BUSINESS, role="admin")
    key = house.settings.bootstrap_api_key
    assert key is not None
    async with house.operator() as http:
        operator = Tenant(FIRST_TENANT, key.get_secret_value(), Plan.BUSINESS, http)
        yield {who: operator if who == "an operator" else admin for who in RUNS}


async def document(house: House, asker: Tenant, to: Path) -> Path:
    """The document of this gateway, with examples of what the asker has."""
    known = await furnish(house, asker)
    ending = await furnish(house, asker)
    known["upload_id"] = await uploaded(asker)
    ending["upload_id"] = await uploaded(asker, complete=False)
    async with house.client() as anybody:
        whole = (await anybody.get("/openapi.json")).json()
    for methods in whole["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            own = ending if name.startswith((*ENDS, "completeUpload")) else known
            for one in operation.get("parameters", ()):
                if one["in"] == "path":
                    one["example"] = own[one["name"]]
                elif one["name"] == "If-Match":
                    one["example"] = "*"
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                content["example"] = fitting(whole, operation, own)
    to.write_text(json.dumps(whole))
    return to


def answered() -> Counter[tuple[Operation, int]]:
    """What the gateways of this process have answered, ever."""
    return Counter(
        {
            (
                (sample.labels["method"].lower(), sample.labels["route"]),
                int(sample.labels["status"]),
            ): int(sample.value)
            for metric in REQUESTS.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }
    )


@pytest.mark.timeout(SECONDS * 5 + 120)
@pytest.mark.parametrize("who", RUNS)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(
    house: House, askers: Mapping[str, Tenant], reached: Reached, who: str, tmp_path: Path
) -> None:
    asker = askers[who]
    file = await document(house, asker, tmp_path / "openapi.json")
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [
        *(program, "run", str(file), "--url", house.url, *RUNS[who]),
        *("-H", f"Authorization: Bearer {asker.key}"),
        *("--exclude-path-regex", STREAMS),
        *("--exclude-checks", ",".join(LEFT_OUT)),
        *("--seed", "7", "--continue-on-failure"),
        *("--generation-database", "none", "--request-timeout", "60"),
    ]
    refusals = json.dumps([str(status) for status in REFUSALS])
    (tmp_path / "schemathesis.toml").write_text(
        f"[checks.negative_data_rejection]\nexpected-statuses = {refusals}\n"
    )
    before = answered()

    code, said = await ran(command, tmp_path)

    reached.by_run[who] = answered() - before
    assert code == 0, said
    assert reached.by_run[who], "it has asked nothing"


async def ran(command: list[str], folder: Path) -> tuple[int, str]:
    """A program's exit code, and what it said."""
    said = folder / "said.txt"
    with said.open("wb") as to:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdout=to, stderr=asyncio.subprocess.STDOUT
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
    return code, said.read_text()


async def test_every_operation_was_asked_and_has_answered(reached: Reached) -> None:
    if set(reached.by_run) != set(RUNS):
        pytest.skip("runs with the whole file only")
    operations = {
        (method, path)
        for path, methods in create_app().openapi()["paths"].items()
        for method in methods
        if not re.search(STREAMS, path)
    }

    silent = operations - reached.statuses.keys()
    refused = {
        one
        for one in operations - silent
        if not any(status < 300 for status in reached.statuses[one])
    }

    assert silent == set()
    assert refused == set(), "nobody gets what these are for"
