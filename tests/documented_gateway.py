"""A gateway that answers every request with the example of the OpenAPI document."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import httpx

from clipforge_gateway.app import create_app

TAG: Final = '"1-example"'
URL: Final = "http://gateway:8000"
EVENT: Final = 'id: 1-1\nevent: video-imported\ndata: {"duration_ms": 90000}\n\n: quiet\n\n'
# What ends a wait, an upload of four bytes, and a name that the document leaves open.
MORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "getBrandAsset": {"state": "ready"},
    "getLive": {"alive": True},
    "replayDeadLetters": {"more": False},
    "createUpload": {"bytes": 4, "part_bytes": 4, "part_count": 1},
    "getUpload": {"bytes": 4, "part_bytes": 4, "part_count": 1},
}


@dataclass(frozen=True)
class Operation:
    """One operation of the document, and its first good answer."""

    id: str
    method: str
    path: re.Pattern[str]
    status: int
    content: Mapping[str, Any]
    headers: Mapping[str, str]

    def answer(self) -> httpx.Response:
        body = self.content.get("application/json", {})
        if "example" in body:
            example = body["example"]
            more = MORE.get(self.id)
            whole = {**example, **more} if more else example
            return httpx.Response(self.status, json=whole, headers=self.headers)
        if "text/event-stream" in self.content:
            return httpx.Response(self.status, text=EVENT)
        if "application/json" in self.content:  # a transcript: its shape is not of the document
            return httpx.Response(self.status, json={"segments": []})
        return httpx.Response(self.status)


@dataclass
class DocumentedGateway:
    """Notes which operations it was asked for. Every other host is a store that takes all."""

    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "gateway":
            return httpx.Response(200, content=b"clip")
        for operation in operations():
            fits = operation.path.fullmatch(request.url.path)
            if fits and operation.method == request.method:
                self.asked.append(operation.id)
                return operation.answer()
        raise AssertionError(f"{request.method} {request.url.path} is not in the document")

    async def later(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self(request)


@cache
def operations() -> tuple[Operation, ...]:
    """Those of the document; of two that a path fits, the one that names more of it first."""
    paths = create_app().openapi()["paths"]
    by_path = sorted(paths.items(), key=lambda item: item[0].count("{"))
    return tuple(one for path, methods in by_path for one in _of_path(path, methods))


def _of_path(path: str, methods: Mapping[str, Any]) -> Iterator[Operation]:
    pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
    for method, operation in methods.items():
        status, response = next(
            (int(status), one) for status, one in operation["responses"].items() if status < "300"
        )
        content = response.get("content", {})
        headers = {name: TAG for name in response.get("headers", {}) if name == "ETag"}
        yield Operation(operation["operationId"], method.upper(), pattern, status, content, headers)
