"""What the guides tell people to type and to expect exists."""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import syntax
from clipforge_catalog.queries.page import MAX_PAGE
from clipforge_client import Client, cli, profiles
from clipforge_contracts.plans import Plan
from clipforge_contracts.validation import MAX_OUTPUTS
from clipforge_export import frame
from clipforge_gateway import depth, gate, limits, problems, rates, webhook_events
from clipforge_gateway.settings import Settings as GatewaySettings
from clipforge_import import limits as import_limits
from clipforge_runtime.settings import RuntimeSettings

ROOT = Path(__file__).parents[2]
GUIDES = [*sorted(ROOT.glob("docs/guides/*.md")), ROOT / "README.md"]
SOURCES = [
    file
    for file in sorted([*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")])
    if "testing" not in file.parts
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def reasons(file: Path) -> Iterator[str]:
    """The reason codes that a file gives: constants, and beginnings such as `http-`."""
    tree = syntax.tree(file.read_text())
    named = {
        one.target.id: one.value
        for one in tree.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.value
    }
    for node in ast.walk(tree):
        for keyword in getattr(node, "keywords", ()):
            if keyword.arg == "reason":
                value = keyword.value
                yield from codes(
                    named.get(value.id, value) if isinstance(value, ast.Name) else value
                )
        if isinstance(node, ast.FunctionDef):
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if argument.arg == "reason" and default is not None:
                    yield from codes(default)
            if node.name == "_explain":  # of the dead letter: (reason, sentence, detail)
                answers = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
                for answer in answers:
                    if isinstance(answer, ast.Tuple):
                        yield from codes(answer.elts[0])


def codes(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.JoinedStr) and isinstance(value.values[0], ast.Constant):
        yield str(value.values[0].value) + "<status>"
    elif isinstance(value, ast.IfExp):
        yield from codes(value.body)
        yield from codes(value.orelse)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def clipforge() -> Any:
    """The whole command, with what the entry points add. Typer has a click of its own inside."""
    return typer.main.get_command(cli.assemble())


def typed() -> tuple[str, ...]:
    """Every `clipforge ...` in a shell block or between backticks of a guide."""
    found: dict[str, None] = {}
    for page in GUIDES:
        lines = [
            line for kind in ("", "sh") for text in blocks(page, kind) for line in text.split("\n")
        ]
        lines += re.findall(r"`(clipforge [^`]+)`", BLOCK.sub("", page.read_text()))
        for line in lines:
            command = line.split("  #")[0].strip().removeprefix(".venv/bin/")
            if command.startswith("clipforge "):
                found[command] = None
    return tuple(found)


def test_every_reason_of_a_failure_is_explained() -> None:
    page = (ROOT / "docs/guides/troubleshooting.md").read_text()
    explained = set(re.findall(r"^\| `([a-z<>-]+)` \|", page, re.MULTILINE))

    # The client gives no reasons: it asks for them.
    sources = [file for file in SOURCES if "clipforge_client" not in file.parts]
    given = {code for file in sources for code in reasons(file)}

    assert {"exhausted", "permanent", "http-<status>", "crashed"} <= given  # they are found at all
    assert given == explained


@pytest.mark.parametrize("command", typed())
def test_a_command_of_the_guides_exists_with_its_options(command: str) -> None:
    words = shlex.split(command.replace("<id>", "prj_1").replace("<project>", "prj_1"))[1:]
    command_or_group = clipforge()
    context = command_or_group.make_context("clipforge", [], resilient_parsing=True)

    while hasattr(command_or_group, "resolve_command"):
        context.resilient_parsing = False  # mistakes count, but for what is still to be named
        _, words, _ = command_or_group.make_parser(context).parse_args(words)  # less its own
        if not words and command_or_group.invoke_without_command:
            break  # it does something by itself, too
        name, command_or_group, words = command_or_group.resolve_command(context, words)
        context = command_or_group.make_context(name, [], parent=context, resilient_parsing=True)

    context.resilient_parsing = False  # from here on, mistakes count
    command_or_group.make_parser(context).parse_args(words)  # raises for an unknown option


def test_the_python_of_the_guides_calls_what_the_client_has() -> None:
    programs = [text for page in GUIDES for text in blocks(page, "python")]

    assert programs
    for program in programs:
        tree = syntax.tree(program)
        called = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "clipforge"
        }
        assert called
        assert {name for name in called if not hasattr(Client, name)} == set()


def test_the_shell_of_the_guides_can_be_read() -> None:
    for page in GUIDES:
        for text in blocks(page, "sh"):
            checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
            assert checked.returncode == 0, checked.stderr


def test_the_limits_of_the_guide_are_those_that_the_product_comes_with() -> None:
    page = (ROOT / "docs/guides/limits.md").read_text()
    settings = {
        name: field.default
        for kind in (RuntimeSettings, GatewaySettings)
        for name, field in kind.model_fields.items()
    }

    for plan in Plan:
        window = {
            kind: round(settings[f"rate_{plan}"] * rates.WINDOW_SECONDS / 60 * share)
            for kind, share in rates.SHARES.items()
        }
        kept = settings[f"retention_{plan}_hours"]
        film = import_limits.PLANS[plan]
        told = (
            f"| {plan} | {window['read']} | {window['write']} | {window['search']} "
            "| `CLIPFORGE_RATE_",
            f"| {plan} | {settings[f'backlog_{plan}']} | `CLIPFORGE_BACKLOG_{plan.upper()}` "
            f"| {settings[f'running_limit_{plan}']} | `CLIPFORGE_RUNNING_LIMIT_{plan.upper()}` |",
            f"| {plan} | {film.duration_ms // 3_600_000} h | {film.bytes // 1024**3} GiB "
            f"| {frame.CAPS[plan]}p | {f'{kept / 24:g} days' if kept > 48 else f'{kept:g} h'} |",
        )
        assert [row for row in told if row not in page] == []
    for figure in (
        f"{settings['upload_max_bytes'] // 1024**3} GiB (`CLIPFORGE_UPLOAD_MAX_BYTES`)",
        f"{settings['webhooks_most']} (`CLIPFORGE_WEBHOOKS_MOST`)",
        f"{settings['held_per_tenant']} streams",
        f"have at work {gate.AT_WORK['search']} searches",
        f"| headers | {limits.MAX_HEADERS}, and {limits.MAX_HEADER_BYTES // 1024} KiB",
        f"| address | {limits.MAX_URL // 1024} KiB, with {limits.MAX_PARAMETERS} parameters",
        f"| body | {limits.MAX_BODY // 1024**2} MiB, with {depth.MAX_DEPTH} levels",
        f"| items of a page | {MAX_PAGE} |",
        f"| outputs of a batch | {MAX_OUTPUTS} |",
        f"windows of { {10: 'ten'}[rates.WINDOW_SECONDS] } seconds",
    ):
        assert figure in page


def test_the_guide_to_errors_says_what_to_do_for_every_status() -> None:
    page = (ROOT / "docs/guides/errors.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \|[^|]+\|[^|]+\|$", page, re.MULTILINE)
    told = {int(status) for row in rows for status in re.findall(r"\b\d{3}\b", row)}

    assert {kind.status for kind in problems.CATALOGUE} - told == set()


def test_the_event_of_the_guide_to_webhooks_is_one_that_is_sent() -> None:
    [event] = blocks(ROOT / "docs/guides/webhooks.md", "json")

    webhook_events.ProjectReady.model_validate_json(event, extra="forbid")


def test_the_profiles_of_the_guide_to_the_command_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    [file] = blocks(ROOT / "docs/guides/command.md", "toml")
    profiles.path().parent.mkdir()
    profiles.path().touch(mode=0o600)
    profiles.path().write_text(file)

    known = profiles.read()

    assert known.find(known.default).url.startswith("https://")


def test_the_addresses_of_the_guides_are_routes_of_the_gateway() -> None:
    routes = {
        re.sub(r"\{\w+\}", "{}", found)
        for file in ROOT.glob("services/gateway/src/**/routes/*.py")
        for found in addresses(file)
    }
    asked = {
        re.sub(r"\$\w+|\{\w+\}", "{}", path.split("?")[0])
        for page in GUIDES
        for text in blocks(page, "sh")
        for path in re.findall(r"\$CLIPFORGE_URL(/v1[^\s\"']*)", text)
    }

    assert asked
    assert asked <= routes


def addresses(file: Path) -> Iterator[str]:
    """Prefix and path of each route that a file declares."""
    text = file.read_text()
    prefix = re.search(r'APIRouter\([^)]*prefix="([^"]+)"', text)
    for path in re.findall(r'@\w+\.(?:get|post|delete|patch|put)\(\s*"([^"]*)"', text):
        yield (prefix[1] if prefix else "") + path
