"""What each read asks of the database: as many statements for one row as for many, and few."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from bodies import needed
from clipforge_catalog.database import open_database
from clipforge_gateway import auth
from clipforge_gateway.app import create_app
from estates import SHOWING, furnish
from gateways import House, Tenant, statements
from workshop import PATIENCE

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

MANY: Final = 5
MOST: Final = 8  # statements of one read
READS: Final = [
    (path, methods["get"])
    for path, methods in create_app().openapi()["paths"].items()
    if "get" in methods and path.startswith("/v1/") and not path.endswith("/events")
]
# Lists of what does not grow with what a tenant has.
AS_THEY_ARE: Final = {
    "listBuiltInStyles": "of the program",
    "listBuiltInPresets": "of the program",
    "listUploadParts": "of one upload, in the store",
    "listWords": "of one transcript, in the store",
    "searchTranscript": "of one film, in which it is said once",
}
ALIKE: Final = {"listProjects": {"state": "ready"}}  # others have no film


@dataclass(frozen=True)
class Asking:
    """A gateway to which nothing is near, and what its database is asked."""

    http: httpx.AsyncClient
    operator: str
    little: Tenant
    much: Tenant
    asked: list[str]
    known: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    async def read(self, tenant: Tenant, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        """How many statements a read costs, and what it answers."""
        answer = await self._read(tenant.key, path, params)
        if answer.status_code == 403:
            answer = await self._read(self.operator, path, params)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        body = answer.json() if "json" in answer.headers["content-type"] else None
        return len(self.asked), body

    async def _read(self, key: str, path: str, params: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        self.asked.clear()
        return await self.http.get(path, params=params, headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asking(house: House) -> AsyncIterator[Asking]:
    little, much = [await house.tenant(role="admin") for _ in range(2)]
    first = house.settings.bootstrap_api_key
    assert first is not None
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(auth, "REMEMBER_SECONDS", 1e9)
        own = await stack.enter_async_context(
            open_database(house.settings.database_url.get_secret_value())
        )
        url = await stack.enter_async_context(house.another_gateway(own, near_bytes=0))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=PATIENCE))
        asked = stack.enter_context(statements(own))
        opened = Asking(http, first.get_secret_value(), little, much, asked)
        for tenant, many in ((little, 1), (much, MANY)):
            opened.known[tenant.id] = await furnish(house, tenant, many=many)
            await opened.read(tenant, "/v1/projects", {})  # who asks is known from now on
        yield opened


@pytest.mark.parametrize(
    ("path", "operation"), READS, ids=[operation["operationId"] for _, operation in READS]
)
async def test_a_read_costs_as_many_statements_whatever_there_is(
    asking: Asking, path: str, operation: dict[str, Any]
) -> None:
    name = operation["operationId"]
    params = {**needed(operation), **SHOWING.get(name, {}), **ALIKE.get(name, {})}
    pages = {one["name"] for one in operation.get("parameters", ())} & {"limit"}

    little, one = await asking.read(
        asking.little,
        path.format(**asking.known[asking.little.id]),
        {**params, **dict.fromkeys(pages, 1)},
    )
    much, several = await asking.read(
        asking.much,
        path.format(**asking.known[asking.much.id]),
        {**params, **dict.fromkeys(pages, 100)},
    )

    assert little == much <= MOST, "\n".join(asking.asked)
    if re.match("list|search", name) and name not in AS_THEY_ARE:
        assert 0 < len(one["items"]) < MANY <= len(several["items"])


async def test_every_list_that_is_left_as_it_is_is_there() -> None:
    assert set(AS_THEY_ARE) <= {operation["operationId"] for _, operation in READS}
