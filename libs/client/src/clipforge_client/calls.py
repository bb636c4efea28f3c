"""The API as requests and answers, without a network: both clients drive these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

from clipforge_client.models import (
    ApiKey,
    Clip,
    Export,
    NewApiKey,
    Page,
    Part,
    Project,
    Tenant,
    Upload,
)

T = TypeVar("T")

MOST: Final = 100  # items of one page


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
    good: tuple[int, ...] = ()  # further statuses whose body is the answer


def nothing(_: Any) -> None:
    """For answers without a body."""


def text(body: Any) -> str:
    return str(body)


def document(body: Any) -> dict[str, Any]:
    return dict(body)


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
    return Call(
        "GET", f"/v1/projects/{id_in_path(project)}", Project.model_validate, {"wait": wait}
    )


def list_projects(wanted: Mapping[str, Any], cursor: str, limit: int) -> Call[Page[Project]]:
    params = page_of(cursor, limit) | given(wanted)
    return Call("GET", "/v1/projects", Page[Project].model_validate, params)


def edit_project(
    project: str, title: str | None, options: Mapping[str, Any], if_match: str
) -> Call[Project]:
    said = {} if title is None else {"title": title}
    return Call(
        "PATCH",
        f"/v1/projects/{id_in_path(project)}",
        Project.model_validate,
        body={**said, "options": dict(options)},
        headers={"If-Match": if_match},
    )


def cancel_project(project: str) -> Call[Project]:
    return Call("POST", f"/v1/projects/{id_in_path(project)}/cancel", Project.model_validate)


def delete_project(project: str) -> Call[None]:
    return Call("DELETE", f"/v1/projects/{id_in_path(project)}", nothing)


def get_clip(clip: str) -> Call[Clip]:
    return Call("GET", f"/v1/clips/{id_in_path(clip)}", Clip.model_validate)


def transcript(project: str, format_: str) -> Call[Any]:
    read = document if format_ == "json" else text
    return Call("GET", f"/v1/projects/{id_in_path(project)}/transcript", read, {"format": format_})


def create_export(clip: str, look: Mapping[str, Any]) -> Call[Export]:
    return Call("POST", "/v1/exports", Export.model_validate, body={"clip_id": clip, **look})


def get_export(export: str, wait: int) -> Call[Export]:
    return Call("GET", f"/v1/exports/{id_in_path(export)}", Export.model_validate, {"wait": wait})


def list_exports(wanted: Mapping[str, Any], cursor: str, limit: int) -> Call[Page[Export]]:
    params = page_of(cursor, limit) | given(wanted)
    return Call("GET", "/v1/exports", Page[Export].model_validate, params)


def cancel_export(export: str) -> Call[Export]:
    return Call("POST", f"/v1/exports/{id_in_path(export)}/cancel", Export.model_validate)


def create_upload(file_name: str, size: int, content_type: str) -> Call[Upload]:
    return Call(
        "POST",
        "/v1/uploads",
        Upload.model_validate,
        body={"file_name": file_name, "bytes": size, "content_type": content_type},
    )


def get_upload(upload: str) -> Call[Upload]:
    return Call("GET", f"/v1/uploads/{id_in_path(upload)}", Upload.model_validate)


def upload_parts(upload: str, cursor: str) -> Call[Page[Part]]:
    return Call(
        "GET",
        f"/v1/uploads/{id_in_path(upload)}/parts",
        Page[Part].model_validate,
        page_of(cursor, MOST),
    )


def complete_upload(upload: str) -> Call[Upload]:
    return Call("POST", f"/v1/uploads/{id_in_path(upload)}/complete", Upload.model_validate)


def abort_upload(upload: str) -> Call[None]:
    return Call("DELETE", f"/v1/uploads/{id_in_path(upload)}", nothing)


def list_keys(cursor: str) -> Call[Page[ApiKey]]:
    return Call("GET", "/v1/keys", Page[ApiKey].model_validate, page_of(cursor, MOST))


def create_key(name: str, role: str) -> Call[NewApiKey]:
    return Call(
        "POST",
        "/v1/keys",
        NewApiKey.model_validate,
        body={"name": name, "role": role},
        repeatable=False,  # its answer is given once
    )


def revoke_key(key: str) -> Call[ApiKey]:
    return Call("DELETE", f"/v1/keys/{id_in_path(key)}", ApiKey.model_validate)


def list_tenants(cursor: str, limit: int) -> Call[Page[Tenant]]:
    return Call("GET", "/v1/tenants", Page[Tenant].model_validate, page_of(cursor, limit))


def get_tenant(tenant: str) -> Call[Tenant]:
    return Call("GET", f"/v1/tenants/{id_in_path(tenant)}", Tenant.model_validate)


def create_tenant(name: str, plan: str) -> Call[Tenant]:
    return Call("POST", "/v1/tenants", Tenant.model_validate, body={"name": name, "plan": plan})


def edit_tenant(tenant: str, changes: Mapping[str, Any], if_match: str) -> Call[Tenant]:
    return Call(
        "PATCH",
        f"/v1/tenants/{id_in_path(tenant)}",
        Tenant.model_validate,
        body=given(changes),
        headers={"If-Match": if_match},
    )


def list_tenant_keys(tenant: str, cursor: str) -> Call[Page[ApiKey]]:
    return Call(
        "GET",
        f"/v1/tenants/{id_in_path(tenant)}/keys",
        Page[ApiKey].model_validate,
        page_of(cursor, MOST),
    )


def create_tenant_key(tenant: str, name: str, role: str) -> Call[NewApiKey]:
    return Call(
        "POST",
        f"/v1/tenants/{id_in_path(tenant)}/keys",
        NewApiKey.model_validate,
        body={"name": name, "role": role},
        repeatable=False,  # its answer is given once
    )


def revoke_tenant_key(tenant: str, key: str) -> Call[ApiKey]:
    path = f"/v1/tenants/{id_in_path(tenant)}/keys/{id_in_path(key)}"
    return Call("DELETE", path, ApiKey.model_validate)


def events_path(project: str | None) -> str:
    return "/v1/events" if project is None else f"/v1/projects/{id_in_path(project)}/events"


def id_in_path(given: str) -> str:
    """An id as a part of a path: whatever it is, it stays one part."""
    return quote(given, safe="")


def given(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted, without what was left open."""
    return {name: value for name, value in wanted.items() if value}


def page_of(cursor: str, limit: int) -> dict[str, Any]:
    """The parameters of one page of a list."""
    return {"limit": limit, **({"cursor": cursor} if cursor else {})}
