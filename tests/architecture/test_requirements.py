"""What a service is installed from is what was tested, and no more than it needs."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
FOR_DEVELOPERS = {
    "buf-bin",
    "grpcio-tools",
    "hypothesis",
    "import-linter",
    "kubernetes",
    "mypy",
    "pytest",
    "ruff",
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)", re.MULTILINE)
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


def pinned(file: Path) -> dict[tuple[str, str], frozenset[str]]:
    """Hashes by package and version: a package may have one version a platform."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    text = file.read_text()
    pins = list(PIN.finditer(text))
    ends = [pin.start() for pin in pins[1:]] + [len(text)]
    for pin, end in zip(pins, ends, strict=True):
        key = (canonicalize_name(pin["name"]), pin["version"])
        found[key] = found.get(key, frozenset()) | set(HASH.findall(text, pin.start(), end))
    return found


def needs(package: Path) -> set[str]:
    """The third parties that a package of ours declares, and those of ours that it stands on."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    names = {canonicalize_name(Requirement(one).name) for one in project["dependencies"]}
    ours = {name for name in names if name.startswith("clipforge-")}
    below = (needs(ROOT / "libs" / name.removeprefix("clipforge-")) for name in ours)
    return (names - ours).union(*below)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_the_versions_and_hashes_that_were_tested(service: str) -> None:
    tested = pinned(ROOT / "requirements/dev.txt")

    wanted = pinned(ROOT / f"requirements/{service}.txt")

    assert wanted
    assert {pin: tested.get(pin) for pin in wanted} == wanted, "run `make lock`"
    assert all(wanted.values()), "every pin has a hash"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_all_that_it_and_its_libraries_declare(service: str) -> None:
    installed = {name for name, _ in pinned(ROOT / f"requirements/{service}.txt")}

    assert needs(ROOT / "services" / service) <= installed, "run `make lock`"


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_images_share_every_service_has_in_the_same_version(service: str) -> None:
    shared = pinned(ROOT / "requirements/shared.txt")

    own = pinned(ROOT / f"requirements/{service}.txt")

    assert shared
    assert {pin: own.get(pin) for pin in shared} == shared, "run `make lock`"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_nothing_that_only_developers_need(service: str) -> None:
    installed = {name for name, _ in pinned(ROOT / f"requirements/{service}.txt")}

    assert installed & FOR_DEVELOPERS == set()


def test_no_requirements_name_a_registry_or_a_machine() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text()

        assert "://" not in text, file
        assert not re.search(r"^\s*--?(index|extra-index|find-links|trusted|i )", text, re.M), file
