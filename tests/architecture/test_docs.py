"""The documentation says what the code says today."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from clipforge_runtime.settings import RuntimeSettings

ROOT = Path(__file__).parents[2]
DECISIONS = sorted(ROOT.glob("docs/adr/[0-9]*.md"))
SOURCES = sorted([*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")])
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_parts_are_those_of_the_code() -> None:
    for path, text in generator().pages().items():
        assert path.read_text() == text, "run `make docs` and commit the result"


def test_every_setting_has_a_description() -> None:
    generate = generator()
    classes = [RuntimeSettings, *map(generate.settings_class, generate.SERVICES)]

    silent = {
        f"{one.__module__}.{name}"
        for one in classes
        for name, field in one.model_fields.items()
        if not field.description
    }

    assert silent == set()


def test_every_service_with_settings_is_on_the_page() -> None:
    services = {file.parents[2].name for file in ROOT.glob("services/*/src/*/settings.py")}

    assert services == set(generator().SERVICES)


def test_no_secret_is_shown_as_an_ordinary_value() -> None:
    generate = generator()
    secret = re.compile("secret|password|api_key|database_(read_)?url|nats_url|dsn")

    for service in generate.SERVICES:
        for name, field in generate.settings_class(service).model_fields.items():
            assert generate.is_secret(field) == bool(secret.search(name)), name


def test_every_variable_that_the_code_names_is_documented() -> None:
    page = (ROOT / "docs/settings.md").read_text()

    named = {
        name
        for file in SOURCES
        for name in re.findall(r"CLIPFORGE_[A-Z0-9_]*[A-Z0-9]\b(?!_)", file.read_text())
    }

    assert {name for name in named if f"`{name}`" not in page} == set()


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text()

    numbers = [int(file.name[:4]) for file in DECISIONS]

    assert numbers == list(range(1, len(DECISIONS) + 1))
    for file in DECISIONS:
        title = file.read_text().splitlines()[0].removeprefix(f"# {int(file.name[:4])} ")
        assert f"[{title}]({file.name})" in index


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_is_one_page_of_four_parts(file: Path) -> None:
    text = file.read_text()

    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.splitlines()) <= 70
    for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]:
        assert len(part.split()) >= 20, "a heading with nothing to say"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_paths_that_decisions_point_at_exist() -> None:
    pointed = re.compile(r"`((?:libs|services|tests|docs|proto|requirements)/[\w./*-]+)`")

    for page in PAGES:
        for path in pointed.findall(page.read_text()):
            assert any(ROOT.glob(path.rstrip("/"))), f"{page.name}: {path}"
