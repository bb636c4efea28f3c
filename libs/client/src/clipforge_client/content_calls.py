"""What is in films, as requests and answers: words, clips, use. See calls.py."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from clipforge_client.calls import Call, id_in_path, nothing, page_of
from clipforge_client.models import (
    Asset,
    Clip,
    Expiry,
    Hit,
    Page,
    RetentionBacklog,
    TranscriptVersion,
    Usage,
    Word,
    WordPage,
)


def list_clips(project: str, order: str, cursor: str) -> Call[Page[Clip]]:
    return Call(
        "GET",
        f"/v1/projects/{id_in_path(project)}/clips",
        Page[Clip].model_validate,
        {"order": order, **page_of(cursor, 100)},
    )


def create_clip(project: str, wanted: Mapping[str, Any], key: str) -> Call[Clip]:
    return Call(
        "POST",
        f"/v1/projects/{id_in_path(project)}/clips",
        Clip.model_validate,
        body=_said(wanted),
        headers={"Idempotency-Key": key},
    )


def edit_clip(clip: str, changes: Mapping[str, Any], if_match: str) -> Call[Clip]:
    return Call(
        "PATCH",
        f"/v1/clips/{id_in_path(clip)}",
        Clip.model_validate,
        body=_said(changes),
        headers={"If-Match": if_match},
    )


def delete_clip(clip: str) -> Call[None]:
    return Call("DELETE", f"/v1/clips/{id_in_path(clip)}", nothing)


def edit_transcript(
    project: str, operations: Sequence[Mapping[str, Any]], if_match: str
) -> Call[TranscriptVersion]:
    return Call(
        "PATCH",
        f"/v1/projects/{id_in_path(project)}/transcript",
        TranscriptVersion.model_validate,
        body={"operations": [dict(one) for one in operations]},
        headers={"If-Match": if_match},
    )


def list_words(project: str, start_ms: int, end_ms: int | None, cursor: str) -> Call[Page[Word]]:
    until = {} if end_ms is None else {"end_ms": end_ms}
    return Call(
        "GET",
        f"/v1/projects/{id_in_path(project)}/transcript/words",
        WordPage.model_validate,
        {"start_ms": start_ms, **until, **page_of(cursor, 100)},
    )


def search(asked: str, project: str, cursor: str, limit: int) -> Call[Page[Hit]]:
    path = f"/v1/projects/{id_in_path(project)}/transcript/search" if project else "/v1/search"
    return Call("GET", path, Page[Hit].model_validate, {"q": asked, **page_of(cursor, limit)})


def list_assets(cursor: str, limit: int) -> Call[Page[Asset]]:
    return Call("GET", "/v1/assets", Page[Asset].model_validate, page_of(cursor, limit))


def get_asset(asset: str) -> Call[Asset]:
    return Call("GET", f"/v1/assets/{id_in_path(asset)}", Asset.model_validate)


def list_expiring(
    kind: str, within_hours: float, tenant: str, cursor: str, limit: int
) -> Call[Page[Expiry]]:
    asked = {"kind": kind, "within_hours": within_hours, **({"tenant": tenant} if tenant else {})}
    params = {**asked, **page_of(cursor, limit)}
    return Call("GET", "/v1/retention", Page[Expiry].model_validate, params)


def retention_backlog() -> Call[RetentionBacklog]:
    return Call("GET", "/v1/retention/backlog", RetentionBacklog.model_validate)


def usage(first: date | None, last: date | None, tenant: str) -> Call[Usage]:
    asked = {"from": first, "to": last, "tenant": tenant or None}
    params = {name: str(value) for name, value in asked.items() if value is not None}
    return Call("GET", "/v1/usage", Usage.model_validate, params)


def _said(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left open; 0 and an empty list say something."""
    return {name: value for name, value in wanted.items() if value is not None}
