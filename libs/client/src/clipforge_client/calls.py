"""The API as requests and answers, without a network: both clients drive these."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from clipforge_client.errors import error_of
from clipforge_client.models import Clip, Event, Export, Page, Part, Project, Upload

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True  # sending it twice does what sending it once does


def nothing(_: Any) -> None:
    """For answers without a body."""


def text(body: Any) -> str:
    return str(body)


def create_project(
    source: Mapping[str, Any], title: str, options: Mapping[str, Any], key: str
) -> Call[Project]:
    return Call(
        "POST",
        "/v1/projects",
        Project.model_validate,
        body={"source": dict(source), "title": title, "options": dict(options)},
        headers={"Idempotency-Key": key},
    )


def get_project(project: str, wait: int) -> Call[Project]:
    return Call("GET", f"/v1/projects/{project}", Project.model_validate, {"wait": wait})


def list_projects(cursor: str, limit: int) -> Call[Page[Project]]:
    return Call("GET", "/v1/projects", Page[Project].model_validate, _page(cursor, limit))


def cancel_project(project: str) -> Call[Project]:
    return Call("POST", f"/v1/projects/{project}/cancel", Project.model_validate)


def delete_project(project: str) -> Call[None]:
    return Call("DELETE", f"/v1/projects/{project}", nothing)


def list_clips(project: str, order: str) -> Call[Page[Clip]]:
    return Call("GET", f"/v1/projects/{project}/clips", Page[Clip].model_validate, {"order": order})


def get_clip(clip: str) -> Call[Clip]:
    return Call("GET", f"/v1/clips/{clip}", Clip.model_validate)


def transcript(project: str, format_: str) -> Call[Any]:
    read = dict if format_ == "json" else text
    return Call("GET", f"/v1/projects/{project}/transcript", read, {"format": format_})


def create_export(clip: str, look: Mapping[str, Any]) -> Call[Export]:
    return Call("POST", "/v1/exports", Export.model_validate, body={"clip_id": clip, **look})


def get_export(export: str, wait: int) -> Call[Export]:
    return Call("GET", f"/v1/exports/{export}", Export.model_validate, {"wait": wait})


def list_exports(project: str, cursor: str, limit: int) -> Call[Page[Export]]:
    params = _page(cursor, limit) | ({"project_id": project} if project else {})
    return Call("GET", "/v1/exports", Page[Export].model_validate, params)


def cancel_export(export: str) -> Call[Export]:
    return Call("POST", f"/v1/exports/{export}/cancel", Export.model_validate)


def create_upload(file_name: str, size: int, content_type: str) -> Call[Upload]:
    return Call(
        "POST",
        "/v1/uploads",
        Upload.model_validate,
        body={"file_name": file_name, "bytes": size, "content_type": content_type},
        repeatable=False,
    )


def get_upload(upload: str) -> Call[Upload]:
    return Call("GET", f"/v1/uploads/{upload}", Upload.model_validate)


def upload_parts(upload: str, after: int) -> Call[Page[Part]]:
    return Call("GET", f"/v1/uploads/{upload}/parts", Page[Part].model_validate, {"after": after})


def complete_upload(upload: str) -> Call[Upload]:
    return Call("POST", f"/v1/uploads/{upload}/complete", Upload.model_validate)


def queues() -> Call[dict[str, Any]]:
    return Call("GET", "/v1/queues/metrics", dict)


def health() -> Call[dict[str, Any]]:
    return Call("GET", "/health", dict)


def events_path(project: str) -> str:
    return f"/v1/projects/{project}/events"


def judge(status: int, content_type: str, body: bytes) -> Any:
    """The body of a good answer; raises what a bad one says."""
    if status >= 400:
        try:
            problem = json.loads(body)
        except ValueError:
            problem = {}
        raise error_of(status, problem if isinstance(problem, dict) else {})
    if content_type.startswith("application/json") and body:
        return json.loads(body)
    return body.decode()


class EventParser:
    """Lines of an event stream (WHATWG) as events."""

    def __init__(self) -> None:
        self._name = "message"
        self._id = ""
        self._data: list[str] = []

    def feed(self, line: str) -> Iterator[Event]:
        """Take a line; gives an event at its end."""
        if not line:
            if self._data:
                yield Event(name=self._name, id=self._id, data=json.loads("\n".join(self._data)))
            self._name, self._id, self._data = "message", "", []
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "id":
            self._id = value
        elif name == "data":
            self._data.append(value)


def _page(cursor: str, limit: int) -> dict[str, Any]:
    return {"limit": limit, **({"cursor": cursor} if cursor else {})}
