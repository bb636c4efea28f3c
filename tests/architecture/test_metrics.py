"""The page of metrics names what the processes export, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clipforge_contracts.pipeline import PIPELINE

ROOT = Path(__file__).parents[2]
SERVICES = ("gateway", "projector", *(stage.name for stage in PIPELINE))
EXPORTED = """
import importlib, sys
from prometheus_client import REGISTRY
importlib.import_module(sys.argv[1])
print(*(f"{one.name}_total" if one.type == "counter" else one.name for one in REGISTRY.collect()))
"""
NAME = re.compile(r"`(clipforge_[a-z_]+)`")


def sections() -> dict[str, set[str]]:
    """The names on the page, by heading."""
    _, *parts = (ROOT / "docs/metrics.md").read_text().split("\n## ")
    return {part.partition("\n")[0]: set(NAME.findall(part)) for part in parts}


def has_tables(service: str) -> bool:
    project = (ROOT / "services" / service / "pyproject.toml").read_text()
    return '"clipforge-catalog"' in project


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_exports_what_the_page_says(service: str) -> None:
    module = f"clipforge_{service.replace('-', '_')}.__main__"

    told = subprocess.run(
        [sys.executable, "-c", EXPORTED, module],
        check=True,
        capture_output=True,
        text=True,
        timeout=240,
    )

    page = sections()
    ours = {name for name in told.stdout.split() if name.startswith("clipforge_")}
    tables = page["Services with tables"] if has_tables(service) else set()
    assert ours == page["Every service"] | tables | page.get(service, set())


def test_every_metric_that_a_page_names_is_exported_by_somebody() -> None:
    known = set().union(*sections().values())
    packages = {folder.name for folder in ROOT.glob("*/*/src/clipforge_*")}  # look the same
    pages = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/README.md"), ROOT / "README.md"]

    for page in pages:
        named = set(re.findall(r"`(clipforge_[a-z_]+)(?:\{[^`]*\})?`", page.read_text()))
        assert named - packages <= known, page.name
