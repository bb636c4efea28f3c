"""Brands and batches as requests and answers. See calls.py."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from clipforge_client.calls import Call, id_in_path, nothing, page_of
from clipforge_client.models import (
    Batch,
    BrandAsset,
    BuiltInStyle,
    Page,
    PlatformPreset,
    Version,
)

M = TypeVar("M", bound=BaseModel)
Kind = Literal["brand-kits", "caption-styles", "presets"]


def create_asset(kind: str, upload: str, key: str) -> Call[BrandAsset]:
    return Call(
        "POST",
        "/v1/brand-assets",
        BrandAsset.model_validate,
        body={"kind": kind, "upload_id": upload},
        headers={"Idempotency-Key": key},
    )


def get_asset(asset: str, wait: int) -> Call[BrandAsset]:
    return Call(
        "GET", f"/v1/brand-assets/{id_in_path(asset)}", BrandAsset.model_validate, {"wait": wait}
    )


def list_assets(cursor: str, limit: int) -> Call[Page[BrandAsset]]:
    return Call("GET", "/v1/brand-assets", Page[BrandAsset].model_validate, page_of(cursor, limit))


def delete_asset(asset: str) -> Call[None]:
    return Call("DELETE", f"/v1/brand-assets/{id_in_path(asset)}", nothing)


def create(kind: Kind, shape: type[M], body: Mapping[str, Any], key: str) -> Call[M]:
    return Call(
        "POST",
        f"/v1/{kind}",
        shape.model_validate,
        body=dict(body),
        headers={"Idempotency-Key": key},
    )


def get(kind: Kind, shape: type[M], look: str) -> Call[M]:
    return Call("GET", f"/v1/{kind}/{id_in_path(look)}", shape.model_validate)


def pages(kind: Kind, shape: type[M], cursor: str, limit: int) -> Call[Page[M]]:
    read = Page[shape].model_validate  # type: ignore[valid-type]
    return Call("GET", f"/v1/{kind}", read, page_of(cursor, limit))


def versions(kind: Kind, look: str, cursor: str) -> Call[Page[Version]]:
    return Call(
        "GET",
        f"/v1/{kind}/{id_in_path(look)}/versions",
        Page[Version].model_validate,
        page_of(cursor, 100),
    )


def update(
    kind: Kind, shape: type[M], look: str, body: Mapping[str, Any], if_match: str
) -> Call[M]:
    return Call(
        "PUT",
        f"/v1/{kind}/{id_in_path(look)}",
        shape.model_validate,
        body=dict(body),
        headers={"If-Match": if_match},
    )


def delete(kind: Kind, look: str, if_match: str) -> Call[None]:
    headers = {"If-Match": if_match}
    return Call("DELETE", f"/v1/{kind}/{id_in_path(look)}", nothing, headers=headers)


def built_in_styles() -> Call[Page[BuiltInStyle]]:
    return Call("GET", "/v1/caption-styles/built-in", Page[BuiltInStyle].model_validate)


def built_in_presets() -> Call[Page[PlatformPreset]]:
    return Call("GET", "/v1/presets/built-in", Page[PlatformPreset].model_validate)


def create_batch(body: Mapping[str, Any], key: str) -> Call[Batch]:
    return Call(
        "POST",
        "/v1/exports/batch",
        Batch.model_validate,
        body=dict(body),
        headers={"Idempotency-Key": key},
    )


def get_batch(batch: str, wait: int) -> Call[Batch]:
    return Call(
        "GET", f"/v1/exports/batches/{id_in_path(batch)}", Batch.model_validate, {"wait": wait}
    )


def cancel_batch(batch: str) -> Call[Batch]:
    return Call("POST", f"/v1/exports/batches/{id_in_path(batch)}/cancel", Batch.model_validate)
