"""The OpenAPI document is the truth: whatever is asked, the answer is one that it names.

schemathesis makes requests of the document, valid and not, one by one and in chains, for a minute
(CONTRACT_SECONDS), and looks at each answer.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import pytest

from clipforge_contracts.plans import Plan
from gateways import House

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SECONDS: Final = int(os.environ.get("CONTRACT_SECONDS", "60"))
LEFT_OUT: Final = (
    # That a cursor is one of ours, or an entity tag the newest, no schema can say.
    "positive_data_acceptance",
)


@pytest.mark.timeout(SECONDS * 5 + 120)
async def test_whatever_is_asked_the_answer_is_one_that_the_document_names(
    house: House, tmp_path: Path
) -> None:
    tenant = await house.tenant(Plan.BUSINESS, role="admin")
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [
        *(program, "run", f"{house.url}/openapi.json"),
        *("-H", f"Authorization: Bearer {tenant.key}"),
        *("--exclude-path-regex", "events$"),  # a stream has no end
        *("--exclude-checks", ",".join(LEFT_OUT)),
        *("--max-time", str(SECONDS), "--seed", "7", "--continue-on-failure"),
        *("--generation-database", "none", "--request-timeout", "60"),
    ]
    said = tmp_path / "said.txt"
    with said.open("wb") as to:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, stdout=to, stderr=asyncio.subprocess.STDOUT
        )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()

    assert code == 0, said.read_text()
