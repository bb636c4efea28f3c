"""What is in a film, as requests and answers: its clips. See calls.py."""

from collections.abc import Mapping
from typing import Any

from clipforge_client.calls import Call, id_in_path, nothing, page_of
from clipforge_client.models import Clip, Page


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


def _said(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left open; 0 and an empty list say something."""
    return {name: value for name, value in wanted.items() if value is not None}
