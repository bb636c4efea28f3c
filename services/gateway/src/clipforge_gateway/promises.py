"""What the API has promised, as lines of text, and which of them a change would break.

The rules are those of docs/guides/api.md, "Versions": /v1 only grows. Schemas go by their names, as
generated clients do. `make promises` keeps the lines in docs/promises.txt, and drops none of them
by the way.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from clipforge_gateway.app import create_app

GIVEN: Final = "given"  # clients may count on it: it may not go
NEEDED: Final = "needed"  # clients must do or bear it: it may not come to what was there before
AT_MOST: Final = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
AT_LEAST: Final = ("minLength", "minItems", "minimum", "exclusiveMinimum")
REF: Final = "#/components/schemas/"
ADVICE: Final = (
    "Clients count on this. Keep it beside what is new (docs/guides/api.md, Versions), or serve "
    "the new one as /v2. If no release had it yet, or its Sunset is over: make promises ANYWAY=1."
)
Promises = dict[str, str]
"""`place: what` and its kind: GIVEN, NEEDED, or of a bound its number."""
Lines = Iterator[tuple[str, str]]


def promises(document: Mapping[str, Any]) -> Promises:
    """All that a document says about requests and successful answers."""
    found = dict(_of_operations(document))
    schemas = document["components"]["schemas"]
    for name in _reached(document, schemas, "requestBody"):
        found |= {f"{name}: taken": GIVEN, **dict(_sent(schemas[name], name))}
    for name in _reached(document, schemas, "responses"):
        at = f"answer {name}"
        found |= {f"{at}: given": GIVEN, **dict(_answered(schemas[name], at))}
    return found


def broken(before: Promises, now: Promises) -> list[str]:
    """What clients of before would run into, a sentence each."""
    places = {_place(line) for line in before}
    found = [f"gone: {line}" for line, kind in before.items() if kind == GIVEN and line not in now]
    for line, kind in now.items():
        if kind == GIVEN or before.get(line) == kind or _place(line) not in places:
            continue
        if kind == NEEDED:
            found.append(f"asked of clients anew: {line}")
        elif _narrower(line, before.get(line), float(kind)):
            found.append(f"narrower: {line} was {before.get(line, 'not bounded')}, is {kind}")
    return sorted(found)


def write(found: Promises) -> str:
    """Lines that a person can read in a diff."""
    return "".join(f"{line} = {kind}\n" for line, kind in sorted(found.items()))


def read(text: str) -> Promises:
    """What `write` has written."""
    lines = (line.rpartition(" = ") for line in text.splitlines())
    return {line: kind for line, _, kind in lines}


def _place(line: str) -> str:
    return line.partition(": ")[0]


def _narrower(line: str, before: str | None, bound: float) -> bool:
    if before is None:
        return True
    return bound < float(before) if line.endswith(AT_MOST) else bound > float(before)


def _of_operations(document: Mapping[str, Any]) -> Lines:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            yield f"{name}: {method.upper()} {path}", GIVEN
            for one in operation.get("parameters", ()):
                at = f"{name} {one['in']} {one['name']}"
                yield f"{at}: taken", GIVEN
                if one.get("required"):
                    yield f"{name}: requires {one['in']} {one['name']}", NEEDED
                yield from _sent(one["schema"], at)
            yield from _of_body(operation.get("requestBody", {}), name)
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    yield from _of_success(response, name, status)


def _of_body(body: Mapping[str, Any], name: str) -> Lines:
    if body.get("required"):
        yield f"{name}: requires a body", NEEDED
    for media, content in body.get("content", {}).items():
        yield f"{name} {media}: taken", GIVEN
        yield from _sent(content.get("schema", {}), f"{name} {media}")


def _of_success(response: Mapping[str, Any], name: str, status: str) -> Lines:
    yield f"{name}: answers {status}", GIVEN
    yield f"{name}: may answer {status}", NEEDED
    for media, content in response.get("content", {}).items():
        yield f"{name} {status} {media}: answered", GIVEN
        yield from _answered(content.get("schema", {}), f"{name} {status} {media}")


def _sent(schema: Mapping[str, Any], at: str) -> Lines:
    """What is taken in a request: values may be added, and bounds loosened."""
    values = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    for kind in (*_kinds(schema), *map(json.dumps, values)):
        yield f"{at}: takes {kind}", GIVEN
    if values:
        yield f"{at}: nothing but listed values", NEEDED
    if "default" in schema:
        yield f"{at}: defaults to {json.dumps(schema['default'])}", GIVEN
    if "pattern" in schema:
        yield f"{at}: matches {schema['pattern']}", NEEDED
    for bound in (*AT_MOST, *AT_LEAST):
        if bound in schema:
            yield f"{at}: {bound}", str(schema[bound])
    for name in schema.get("required", ()):
        yield f"{at}: requires {name}", NEEDED
    for one, place in _inside(schema, at):
        if place != at:
            yield f"{place}: taken", GIVEN
        yield from _sent(one, place)


def _answered(schema: Mapping[str, Any], at: str) -> Lines:
    """What an answer has. Fields may be added, and values: clients leave aside what is new."""
    for kind in _kinds(schema):
        yield f"{at}: may be {kind}", NEEDED
    for name in schema.get("required", ()):
        yield f"{at}: always has {name}", GIVEN
    for one, place in _inside(schema, at):
        if place != at:
            yield f"{place}: told", GIVEN
        yield from _answered(one, place)


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    """JSON types and names of schemas that a value may be of."""
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(REF)
    kinds = schema.get("type", ())
    yield from [kinds] if isinstance(kinds, str) else kinds


def _inside(schema: Mapping[str, Any], at: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    for name, one in schema.get("properties", {}).items():
        yield one, f"{at}.{name}"
    for several in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(several, ()):
            yield one, at
    for one in schema.get("prefixItems", ()):
        yield one, f"{at}[]"
    for name, place in (("items", f"{at}[]"), ("additionalProperties", f"{at}.*")):
        if isinstance(schema.get(name), dict):
            yield schema[name], place


def _reached(document: Mapping[str, Any], schemas: Mapping[str, Any], part: str) -> set[str]:
    """The schemas that a part of all operations leads to; of answers, the successful ones."""
    waiting: list[Any] = []
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = operation.get(part, {})
            if part == "responses":
                bodies = [one for status, one in bodies.items() if status.startswith("2")]
            waiting.append(bodies)
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(REF)
            if name and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting.extend(value for key, value in node.items() if not key.startswith("example"))
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def main(file: Path, *, anyway: bool) -> int:
    """Write the lines of today, unless they break what was promised. The exit code."""
    now = promises(create_app().openapi())
    said = [] if anyway or not file.exists() else broken(read(file.read_text()), now)
    if said:
        sys.stderr.write("\n".join([*said, ADVICE, ""]))
        return 1
    file.write_text(write(now))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), anyway="--anyway" in sys.argv))
