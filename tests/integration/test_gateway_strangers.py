"""What another tenant sees of one's things, on every route: nothing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import pytest_asyncio

from bodies import needed, sample
from clipforge_gateway.app import create_app
from estates import SHOWING, furnish
from gateways import House, Tenant, problem

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

DOCUMENT: Final = create_app().openapi()
ID: Final = re.compile(r"\b[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}\b")
LISTS: Final = [  # and whatever else can be read without an id
    (path, methods["get"])
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods
    and set(re.findall(r"{(\w+)}", path)) <= {"queue"}
    and not path.endswith("/events")  # no end: test_gateway_events has two tenants
]
OF_ALL: Final = {"listBuiltInStyles", "listBuiltInPresets"}  # lists that are the same for everybody
# Filters of lists that name what somebody has, and where its id is in what is known.
NAMING: Final = {"project_id": "project_id", "clip_id": "clip_id", "batch_id": "batch_id"} | {
    "asset_id": "film_id"
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> Tenant:
    """Somebody who has things."""
    return await house.tenant(role="admin")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def known(house: House, owner: Tenant) -> Mapping[str, str]:
    """Ids of one of everything that the owner has."""
    return await furnish(house, owner)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(house: House) -> Tenant:
    """An admin, too, of a tenant that has nothing."""
    return await house.tenant(role="admin")


async def test_another_tenant_is_told_of_every_route_that_there_is_no_such_thing(
    owner: Tenant, known: Mapping[str, str], stranger: Tenant
) -> None:
    nobody_s = {
        name: one if name == "queue" else f"{one.split('_')[0]}_{'0' * 26}"
        for name, one in known.items()
    }
    asked: set[str] = set()

    for path, methods in DOCUMENT["paths"].items():
        names = set(re.findall(r"{(\w+)}", path)) - {"queue"}
        if not names:
            continue
        for method, operation in methods.items():
            # What is not known fails here: say in an estate how such a thing is made.
            body = {
                "json": sample(DOCUMENT, operation, known),
                "params": needed(operation),
                "headers": {"If-Match": "*"},
            }
            answer = await stranger.http.request(method, path.format(**known), **body)
            nothing = await stranger.http.request(method, path.format(**nobody_s), **body)
            assert problem(answer) == problem(nothing), f"{method} {path} tells what there is"
            asked |= names
            if "tenant_id" in names:  # for operators, and for nobody else whatever is there
                assert problem(answer) == (403, "forbidden"), f"{method} {path}"
                continue
            assert problem(answer) == (404, "not-found"), f"{method} {path}"
            seen = await _owner_sees(owner, method, path.format(**known), needed(operation))
            assert seen, f"{method} {path}: the owner, too, is told that it is not there"

    assert asked == set(known) - {"queue"}


async def _owner_sees(owner: Tenant, method: str, path: str, params: dict[str, str]) -> bool:
    """Reads only: the walk must not delete what it goes on to ask for."""
    if method != "get" or path.endswith("/events"):
        return True
    return (await owner.http.get(path, params=params)).status_code == 200


@pytest.mark.parametrize(("path", "operation"), LISTS, ids=[one["operationId"] for _, one in LISTS])
async def test_what_another_tenant_has_is_in_no_list(
    owner: Tenant,
    known: Mapping[str, str],
    stranger: Tenant,
    path: str,
    operation: Mapping[str, Any],
) -> None:
    names = {one["name"] for one in operation.get("parameters", ())}
    at = path.format(queue=known["queue"])
    asked = {**needed(operation), **SHOWING.get(operation["operationId"], {})}

    theirs = await stranger.http.get(at, params=asked)
    ours = await owner.http.get(at, params=asked)

    assert theirs.status_code == ours.status_code
    assert set(ID.findall(theirs.text)) & set(ID.findall(ours.text)) == set()
    if theirs.status_code == 200 and "items" in theirs.json():
        assert ours.json()["items"], "else this would prove nothing"
        if operation["operationId"] == "listKeys":  # with which it asks
            assert len(theirs.json()["items"]) == 1
        elif operation["operationId"] == "listJobs":  # pictures of styles that it has looked at
            assert {one["tenant_id"] for one in theirs.json()["items"]} <= {stranger.id}
        elif operation["operationId"] not in OF_ALL:
            assert theirs.json()["items"] == []
    for name in names & set(NAMING):
        named = await stranger.http.get(at, params={**asked, name: known[NAMING[name]]})
        assert named.status_code == 404 or named.json()["items"] == [], name
    if "tenant" in names:
        other = await stranger.http.get(at, params={**asked, "tenant": known["tenant_id"]})
        assert problem(other) == (403, "forbidden")


async def test_what_another_tenant_used_is_not_counted(
    owner: Tenant, known: Mapping[str, str], stranger: Tenant
) -> None:
    theirs = (await stranger.http.get("/v1/usage")).json()
    ours = (await owner.http.get("/v1/usage")).json()

    assert any(_numbers(ours))
    assert not any(_numbers(theirs))


def _numbers(node: Any) -> Iterator[float]:
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _numbers(inner)
    elif isinstance(node, int | float):
        yield node
