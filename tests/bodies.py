"""A body for any operation, out of the OpenAPI document: its own example."""

from collections.abc import Mapping
from typing import Any


def sample(
    document: Mapping[str, Any], operation: Mapping[str, Any], known: Mapping[str, Any]
) -> Any:
    """The example of an operation's body, with ids of things that are there; None: it has none."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None
    return filled(content["application/json"]["example"], known)


def needed(operation: Mapping[str, Any]) -> dict[str, str]:
    """The parameters without which an operation is refused; all of ours are words."""
    return {
        one["name"]: "queues"
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one["required"]
    }


def filled(node: Any, known: Mapping[str, Any]) -> Any:
    """The same, its fields as they are known by their names, wherever they are."""
    if isinstance(node, dict):
        return {name: known.get(name) or filled(value, known) for name, value in node.items()}
    if isinstance(node, list):
        return [filled(value, known) for value in node]
    return node
