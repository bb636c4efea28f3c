"""What a body may not say: whose something is, its id, its plan, its role."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from bodies import sample
from clipforge_contracts import ids
from clipforge_gateway.app import create_app
from estates import furnish, stated
from gateways import House, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

DOCUMENT: Final = create_app().openapi()
CHANGES: Final = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method in ("post", "put", "patch") and "requestBody" in operation
]
FORBIDDEN: Final = {
    "id": ids.new("prj"),
    "tenant_id": ids.new("ten"),
    "plan": "business",
    "role": "admin",
}
# What operations are for, whose caller is an admin, or an operator.
THEIRS: Final = {
    ("createKey", "role"),
    ("createTenantKey", "role"),
    ("createTenant", "plan"),
    ("editTenant", "plan"),
}


@dataclass(frozen=True)
class Owner:
    """Somebody who has one of everything, and may do all that an operator may."""

    http: httpx.AsyncClient
    known: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> AsyncIterator[Owner]:
    known = await furnish(house, await house.tenant(role="admin"))
    async with house.operator() as http:
        yield Owner(http, known)


def with_more(body: Any, name: str, value: str) -> Iterator[Any]:
    """The body with one field more, in each of its objects in turn."""
    if isinstance(body, dict):
        yield {**body, name: value}
        for field, inner in body.items():
            for one in with_more(inner, name, value):
                yield {**body, field: one}
    elif isinstance(body, list):
        for n, inner in enumerate(body):
            for one in with_more(inner, name, value):
                yield [*body[:n], one, *body[n + 1 :]]


@pytest.mark.parametrize(
    ("method", "path", "operation"), CHANGES, ids=[one["operationId"] for *_, one in CHANGES]
)
async def test_a_field_that_is_not_for_the_caller_to_say_is_refused_and_nothing_is_done(
    house: House, owner: Owner, method: str, path: str, operation: dict[str, Any]
) -> None:
    body = sample(DOCUMENT, operation, owner.known)
    before = await stated(house)
    refused = [name for name in FORBIDDEN if (operation["operationId"], name) not in THEIRS]

    for name in refused:
        for more in with_more(body, name, FORBIDDEN[name]):
            answer = await owner.http.request(
                method, path.format(**owner.known), json=more, headers={"If-Match": "*"}
            )

            assert problem(answer) == (422, "invalid"), more
            [fault] = [one for one in answer.json()["errors"] if one["field"].endswith(name)]
            assert re.search("not permitted", fault["message"])

    assert refused
    assert await stated(house) == before


async def test_every_exception_is_a_field_of_its_operation() -> None:
    for name, field in THEIRS:
        [operation] = [one for *_, one in CHANGES if one["operationId"] == name]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert (
            field in DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
        )
