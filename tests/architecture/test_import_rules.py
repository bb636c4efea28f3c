"""No package escapes the import rules and the type checks: each of ours is named there."""

import tomllib
from pathlib import Path
from typing import Any

from clipforge_contracts.pipeline import PIPELINE

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
SOURCES = [file.parent for file in ROOT.glob("*/*/pyproject.toml")]


def rule(name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = TOOLS["importlinter"]["contracts"]
    return next(one for one in found if one["name"] == name)


def package(folder: str) -> str:
    return f"clipforge_{folder.replace('-', '_')}"


def test_every_package_is_looked_at() -> None:
    assert {package(path.name) for path in SOURCES} == set(TOOLS["importlinter"]["root_packages"])


def test_every_package_has_its_types_checked() -> None:
    sources = {f"{path.relative_to(ROOT)}/src" for path in SOURCES}

    assert sources <= set(TOOLS["mypy"]["mypy_path"])


def test_no_service_may_import_another_nor_the_doubles() -> None:
    services = {package(path.name) for path in SOURCES if path.parent.name == "services"}
    layers = rule("Services stand on libs, the runtime on contracts")["layers"]

    assert set(rule("No service imports another")["modules"]) == services
    assert services <= set(rule("The doubles are for tests")["source_modules"])
    assert services in [set(layer.split(" | ")) for layer in layers]


def test_no_worker_may_touch_the_database() -> None:
    workers = {package(stage.name) for stage in PIPELINE}

    assert set(rule("Workers have no database")["source_modules"]) == workers
