"""Brands, and exports by the batch. A part of the client; `async_brands.py` is its twin."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from clipforge_client import brand_calls, tags
from clipforge_client.models import (
    Batch,
    BrandAsset,
    BrandKit,
    BuiltInStyle,
    CaptionStyle,
    PlatformPreset,
    Preset,
    Version,
)
from clipforge_client.patience import Deadline
from clipforge_client.wire import Wire


class Brands:
    """Calls about what a tenant makes of his brand, and about many exports at once."""

    _wire: Wire

    def create_brand_asset(
        self, kind: str, upload_id: str, *, idempotency_key: str = ""
    ) -> BrandAsset:
        """Take an uploaded `picture`, `font` or `film` in. A worker looks at it."""
        key = idempotency_key or uuid4().hex
        return self._wire.do(brand_calls.create_asset(kind, upload_id, key))

    def brand_asset(self, asset_id: str, *, wait: int = 0) -> BrandAsset:
        """One file; with `wait` (seconds, at most 30), as soon as it has been looked at."""
        return self._wire.do(brand_calls.get_asset(asset_id, wait))

    def brand_assets(self, *, limit: int = 20) -> Iterator[BrandAsset]:
        """All files of the brand, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.list_assets(cursor, limit))

    def wait_for_brand_asset(self, asset_id: str, *, seconds: float | None = None) -> BrandAsset:
        """Return once it is ready or refused. StillRunning after `seconds`."""
        deadline = Deadline.after(seconds)
        while True:
            asset = self.brand_asset(asset_id, wait=deadline.hold())
            if asset.state != "checking":
                return asset
            deadline.check(asset_id)

    def delete_brand_asset(self, asset_id: str) -> None:
        """Forget a file that no brand kit shows."""
        self._wire.do(brand_calls.delete_asset(asset_id))

    def create_brand_kit(self, name: str, *, idempotency_key: str = "", **kit: Any) -> BrandKit:
        """Colours, logo, watermark, font_id, intro_id, outro_id, caption_position."""
        key = idempotency_key or uuid4().hex
        body = {"name": name, **kit}
        return self._wire.do(brand_calls.create("brand-kits", BrandKit, body, key))

    def brand_kit(self, kit_id: str) -> BrandKit:
        """One brand kit as it is now."""
        return self._wire.do(brand_calls.get("brand-kits", BrandKit, kit_id))

    def brand_kits(self, *, limit: int = 20) -> Iterator[BrandKit]:
        """All brand kits, newest first."""
        return self._wire.pages(
            lambda cursor: brand_calls.pages("brand-kits", BrandKit, cursor, limit)
        )

    def brand_kit_versions(self, kit_id: str) -> Iterator[Version]:
        """What a brand kit was, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.versions("brand-kits", kit_id, cursor))

    def update_brand_kit(
        self, kit: str | BrandKit, name: str, *, if_match: str = "", **rest: Any
    ) -> BrandKit:
        """Another version of the whole kit. Of one that was read: Changed where it is old."""
        kit_id, tag = tags.edit_of(kit, if_match)
        body = {"name": name, **rest}
        return self._wire.do(brand_calls.update("brand-kits", BrandKit, kit_id, body, tag))

    def delete_brand_kit(self, kit: str | BrandKit, *, if_match: str = "") -> None:
        """Forget a brand kit. Its files stay."""
        kit_id, tag = tags.edit_of(kit, if_match)
        self._wire.do(brand_calls.delete("brand-kits", kit_id, tag))

    def built_in_styles(self) -> list[BuiltInStyle]:
        """The caption styles that everybody has."""
        return self._wire.do(brand_calls.built_in_styles()).items

    def create_caption_style(
        self, name: str, base: str, *, idempotency_key: str = "", **style: Any
    ) -> CaptionStyle:
        """A built-in style with other colours, size, animation or position."""
        key = idempotency_key or uuid4().hex
        body = {"name": name, "base": base, **style}
        return self._wire.do(brand_calls.create("caption-styles", CaptionStyle, body, key))

    def caption_style(self, style_id: str) -> CaptionStyle:
        """One caption style of your own."""
        return self._wire.do(brand_calls.get("caption-styles", CaptionStyle, style_id))

    def caption_styles(self, *, limit: int = 20) -> Iterator[CaptionStyle]:
        """Caption styles of your own, newest first."""
        return self._wire.pages(
            lambda cursor: brand_calls.pages("caption-styles", CaptionStyle, cursor, limit)
        )

    def caption_style_versions(self, style_id: str) -> Iterator[Version]:
        """What a caption style was, newest first."""
        return self._wire.pages(
            lambda cursor: brand_calls.versions("caption-styles", style_id, cursor)
        )

    def update_caption_style(
        self, style: str | CaptionStyle, name: str, base: str, *, if_match: str = "", **rest: Any
    ) -> CaptionStyle:
        """Another version of the whole style. Of one that was read: Changed where it is old."""
        style_id, tag = tags.edit_of(style, if_match)
        body = {"name": name, "base": base, **rest}
        return self._wire.do(
            brand_calls.update("caption-styles", CaptionStyle, style_id, body, tag)
        )

    def delete_caption_style(self, style: str | CaptionStyle, *, if_match: str = "") -> None:
        """Forget a caption style of your own."""
        style_id, tag = tags.edit_of(style, if_match)
        self._wire.do(brand_calls.delete("caption-styles", style_id, tag))

    def built_in_presets(self) -> list[PlatformPreset]:
        """What the platforms take."""
        return self._wire.do(brand_calls.built_in_presets()).items

    def create_preset(self, name: str, *, idempotency_key: str = "", **preset: Any) -> Preset:
        """Aspect, style, quality, height, brand_kit_id, max_clip_ms and target_lufs in one."""
        key = idempotency_key or uuid4().hex
        body = {"name": name, **preset}
        return self._wire.do(brand_calls.create("presets", Preset, body, key))

    def preset(self, preset_id: str) -> Preset:
        """One preset of your own."""
        return self._wire.do(brand_calls.get("presets", Preset, preset_id))

    def presets(self, *, limit: int = 20) -> Iterator[Preset]:
        """Presets of your own, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.pages("presets", Preset, cursor, limit))

    def preset_versions(self, preset_id: str) -> Iterator[Version]:
        """What a preset was, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.versions("presets", preset_id, cursor))

    def update_preset(
        self, preset: str | Preset, name: str, *, if_match: str = "", **rest: Any
    ) -> Preset:
        """Another version of the whole preset. Of one that was read: Changed where it is old."""
        preset_id, tag = tags.edit_of(preset, if_match)
        body = {"name": name, **rest}
        return self._wire.do(brand_calls.update("presets", Preset, preset_id, body, tag))

    def delete_preset(self, preset: str | Preset, *, if_match: str = "") -> None:
        """Forget a preset of your own."""
        preset_id, tag = tags.edit_of(preset, if_match)
        self._wire.do(brand_calls.delete("presets", preset_id, tag))

    def create_batch(
        self, clip_ids: Sequence[str], *, idempotency_key: str = "", **looks: Any
    ) -> Batch:
        """Render clips in all `aspects` and `styles`, or for all `presets`: 100 outputs at most."""
        key = idempotency_key or uuid4().hex
        return self._wire.do(brand_calls.create_batch({"clip_ids": list(clip_ids), **looks}, key))

    def batch(self, batch_id: str, *, wait: int = 0) -> Batch:
        """One batch; with `wait` (seconds, at most 30), as soon as nothing of it waits."""
        return self._wire.do(brand_calls.get_batch(batch_id, wait))

    def wait_for_batch(
        self,
        batch_id: str,
        on_change: Callable[[Batch], None] | None = None,
        *,
        seconds: float | None = None,
    ) -> Batch:
        """Return once nothing of it waits or runs. StillRunning after `seconds`."""
        deadline = Deadline.after(seconds)
        while True:
            batch = self.batch(batch_id, wait=deadline.hold())
            if on_change:
                on_change(batch)
            if batch.over:
                return batch
            deadline.check(batch_id)

    def cancel_batch(self, batch_id: str) -> Batch:
        """Stop what is left of it."""
        return self._wire.do(brand_calls.cancel_batch(batch_id))
