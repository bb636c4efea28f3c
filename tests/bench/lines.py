"""How long files and functions are: `make bench-lines`. Generated code and tests are left out."""

import ast
import statistics
from pathlib import Path

import syntax

ROOT = Path(__file__).parents[2]


def main() -> None:
    files: dict[str, int] = {}
    functions: dict[str, int] = {}
    for file in sorted([*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]):
        if "clipforge/v1" in file.as_posix():
            continue
        text = file.read_text()
        name = file.relative_to(ROOT).as_posix()
        files[name] = len(text.splitlines())
        for node in ast.walk(syntax.tree(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions[f"{name}:{node.name}"] = (node.end_lineno or 0) - node.lineno + 1
    for kind, found in (("file", files), ("function", functions)):
        longest = max(found, key=lambda name: found[name])
        print(f"longest {kind}: {longest} ({found[longest]} lines)")
    print(
        f"bench-lines: lines={sum(files.values())} {_figures('file', files)} "
        f"{_figures('function', functions)}"
    )


def _figures(kind: str, found: dict[str, int]) -> str:
    lengths = sorted(found.values())
    p90 = lengths[int(0.9 * (len(lengths) - 1))]
    return f"{kind}s={len(lengths)} {kind}_median={statistics.median(lengths):g} {kind}_p90={p90}"


if __name__ == "__main__":
    main()
