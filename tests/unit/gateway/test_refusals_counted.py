"""Refusals that have not happened are series at nothing: a rate sees the first of them."""

import subprocess
import sys
from functools import cache

import pytest
from prometheus_client.parser import text_string_to_metric_families

# A process of its own: in this one, another test may have let it happen.
PAGE = """
from prometheus_client import generate_latest
from clipforge_gateway import admission, gate, limits, rates
print(generate_latest().decode())
"""


@cache
def at_first() -> dict[tuple[str, frozenset[str]], float]:
    """Samples of a gateway that has refused nothing, by name and values of labels."""
    page = subprocess.run(
        [sys.executable, "-c", PAGE], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "why", ["lag", "number", "stream", "wait", "search", "batch", "replay", "text"]
)
def test_those_to_keep_the_others_quick(why: str) -> None:
    assert at_first()["clipforge_shed_total", frozenset({why})] == 0


@pytest.mark.parametrize("reason", ["database", "log", "store", "room", "backlog"])
def test_those_of_new_work(reason: str) -> None:
    assert at_first()["clipforge_refused_total", frozenset({reason})] == 0


@pytest.mark.parametrize("kind", ["read", "write", "search"])
@pytest.mark.parametrize("plan", ["business", "pro", "free"])
def test_those_for_their_number(kind: str, plan: str) -> None:
    assert at_first()["clipforge_rate_limited_total", frozenset({kind, plan})] == 0


@pytest.mark.parametrize("what", ["no head", "left over", "not taken", "body"])
def test_those_of_slow_clients(what: str) -> None:
    assert at_first()["clipforge_slow_clients_total", frozenset({what})] == 0
