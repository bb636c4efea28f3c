"""The values of the chart as tables in its README, from the comments in values.yaml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from render.chart import CHART

DESCRIPTION: Final = re.compile(r"^(?P<indent> *)# -- (?P<text>.*)$")
KEY: Final = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z][\w-]*):")
BEGIN, END = "<!-- generated: values -->", "<!-- end -->"


@dataclass(frozen=True)
class Value:
    """One value that has a description."""

    path: tuple[str, ...]
    default: Any
    text: str


def readme() -> str:
    """The whole page, with its tables written anew."""
    page = (CHART / "README.md").read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables((CHART / 'values.yaml').read_text())}{END}{after}"


def tables(source: str) -> str:
    """One table for what stands at the top, and one for each group below it."""
    values = list(described(source))
    single = [value for value in values if len(value.path) == 1]
    groups = list(dict.fromkeys(value.path[0] for value in values if len(value.path) > 1))
    made = [_table("The whole", single)]
    for group in groups:
        made.append(
            _table(f"`{group}`", [v for v in values if len(v.path) > 1 and v.path[0] == group])
        )
    return "\n".join(made)


def described(source: str) -> Iterator[Value]:
    """Every value under a `# -- `, in the order of the file."""
    parsed = yaml.safe_load(source)
    path: list[tuple[int, str]] = []
    text = ""
    for line in source.splitlines():
        if found := DESCRIPTION.match(line):
            text = found["text"]
        elif found := KEY.match(line):
            indent = len(found["indent"])
            path = [(depth, name) for depth, name in path if depth < indent]
            path.append((indent, found["name"]))
            if text:
                names = tuple(name for _, name in path)
                yield Value(names, _at(parsed, names), text)
            text = ""


def _at(values: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        values = values[name]
    return values


def _table(title: str, values: list[Value]) -> str:
    rows = [f"### {title}", "", "| value | default | meaning |", "| --- | --- | --- |"]
    for value in values:
        default = yaml.safe_dump(value.default, default_flow_style=True, width=10_000)
        default = default.removesuffix("\n").removesuffix("\n...").replace("|", "\\|")
        text = value.text.replace("|", "\\|")
        rows.append(f"| `{'.'.join(value.path)}` | `{default}` | {text} |")
    return "\n".join([*rows, ""])
