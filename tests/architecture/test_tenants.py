"""Whatever the gateway reads is bound to a tenant, or it is said here why it is not."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import syntax

ROOT = Path(__file__).parents[2]
GATEWAY = sorted((ROOT / "services/gateway/src").glob("**/*.py"))
QUERIES: Final = "clipforge_catalog.queries"

FOUND_BEFORE = "is asked only about rows that were found for the tenant just before"
OPERATORS = "a tenant, or None where an operator asks about all of them"
FIGURES = "figures over all tenants, which name none"
WITHOUT: Final = {
    "assets.uses": FOUND_BEFORE,
    "assets.users": FOUND_BEFORE,
    "clips.count": FOUND_BEFORE,
    "figures.lengths": FOUND_BEFORE,
    "jobs.latest": FOUND_BEFORE,
    "projects.assets": FOUND_BEFORE,
    "projects.corrected": FOUND_BEFORE,
    "projects.jobs": FOUND_BEFORE,
    "projects.plans": FOUND_BEFORE,
    "webhooks.attempts": FOUND_BEFORE,
    "webhooks.deliveries": FOUND_BEFORE,
    "webhooks.delivery": FOUND_BEFORE,
    "dead_letters.find": "takes it in its filter: " + OPERATORS,
    "dead_letters.get": OPERATORS,
    "jobs.history": OPERATORS,
    "retention.next_exports": OPERATORS,
    "retention.next_films": OPERATORS,
    "figures.by_tenant": "for operators: the share of each tenant",
    "figures.of_tenants": "for operators: takes those that it is asked about",
    "figures.oldest_of_tenants": "for operators: takes those that it is asked about",
    "retention.backlog": "for operators: what is due, in numbers",
    "tenants.every": "for operators: the list of all tenants",
    "figures.of_stages": FIGURES,
    "figures.pace": FIGURES,
    "jobs.count_by_priority": FIGURES,
    "keys.find": "finds out whose a key is: the tenant is its answer",
}


def asked(file: Path) -> Iterator[str]:
    """The queries that a file names, `module.function`, under whatever name it imports them."""
    nodes = list(ast.walk(syntax.tree(file.read_text())))
    names = {
        alias.asname or alias.name: alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == QUERIES
        for alias in node.names
    }
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in names:
                yield f"{names[node.value.id]}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(QUERIES + "."):
            for alias in node.names:
                yield f"{str(node.module).removeprefix(QUERIES + '.')}.{alias.name}"


def functions() -> list[str]:
    """Those that ask a database; the rest are words of the queries, such as their filters."""
    every = {one for file in GATEWAY for one in asked(file)}
    return sorted(one for one in every if inspect.iscoroutinefunction(found(one)))


def found(query: str) -> object:
    module, _, name = query.partition(".")
    return getattr(importlib.import_module(f"{QUERIES}.{module}"), name)


def bound(query: str) -> bool:
    """Whether it cannot be asked without a tenant."""
    function = found(query)
    assert callable(function)
    tenant = inspect.signature(function).parameters.get("tenant")
    return tenant is not None and tenant.annotation is str


@pytest.mark.parametrize("query", functions())
def test_a_query_of_the_gateway_is_bound_to_a_tenant_or_says_why_not(query: str) -> None:
    assert bound(query) or query in WITHOUT


def test_every_exception_is_still_one() -> None:
    assert set(WITHOUT) <= set(functions())
    assert [query for query in WITHOUT if bound(query)] == []


def test_the_gateway_writes_no_query_of_its_own() -> None:
    own = {"sqlalchemy", "sqlmodel"}
    writers = {
        file.name
        for file in GATEWAY
        for node in ast.walk(syntax.tree(file.read_text()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] in own
        and {alias.name for alias in node.names} & {"select", "text", "update", "delete", "insert"}
    }

    # Both ask what is nobody's: how far the rows are, and whether the database answers.
    assert writers == {"reads.py", "health.py"}
