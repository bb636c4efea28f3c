"""The page of what survives what names every fault, and each name in it is really tested."""

import re
from pathlib import Path

from chaos.faults import KINDS
from chaos.requests import DEEDS

PAGE = Path(__file__).parents[2] / "docs" / "what-survives-what.md"
LINK = re.compile(r"\[`([^`]+)`\]\(([^)]+)\)")


def test_every_fault_has_its_row() -> None:
    named = {name for name, _ in LINK.findall(PAGE.read_text())}

    assert set(KINDS) <= named
    assert set(DEEDS) - {"ok", "slow", "flaky2"} <= named


def test_what_the_page_names_is_there() -> None:
    for name, place in LINK.findall(PAGE.read_text()):
        text = (PAGE.parent / place).read_text()

        shown = f"def {name}(" if name.startswith("test_") else name
        assert shown in text or f'"{name}"' in text, (name, place)


def test_every_row_says_where_it_is_shown() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    facts = [row for row in rows if not row.startswith(("| what goes wrong", "| ---"))]

    assert facts
    assert [row for row in facts if not LINK.search(row.rpartition(" | ")[2])] == []
