"""Brands, and exports by the batch, awaited. `brands.py` is its twin."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import uuid4

from clipforge_client import brand_calls, tags
from clipforge_client.async_wire import AsyncWire
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


class AsyncBrands:
    """Calls about what a tenant makes of his brand, and about many exports at once."""

    _wire: AsyncWire

    async def create_brand_asset(
        self, kind: str, upload_id: str, *, idempotency_key: str = ""
    ) -> BrandAsset:
        """Take an uploaded `picture`, `font` or `film` in. A worker looks at it."""
        key = idempotency_key or uuid4().hex
        return await self._wire.do(brand_calls.create_asset(kind, upload_id, key))

    async def brand_asset(self, asset_id: str, *, wait: int = 0) -> BrandAsset:
        """One file; with `wait` (seconds, at most 30), as soon as it has been looked at."""
        return await self._wire.do(brand_calls.get_asset(asset_id, wait))

    def brand_assets(self, *, limit: int = 20) -> AsyncIterator[BrandAsset]:
        """All files of the brand, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.list_assets(cursor, limit))

    async def wait_for_brand_asset(
        self, asset_id: str, *, seconds: float | None = None
    ) -> BrandAsset:
        """Return once it is ready or refused. StillRunning after `seconds`."""
        deadline = Deadline.after(seconds)
        while True:
            asset = await self.brand_asset(asset_id, wait=deadline.hold())
            if asset.state != "checking":
                return asset
            deadline.check(asset_id)

    async def delete_brand_asset(self, asset_id: str) -> None:
        """Forget a file that no brand kit shows."""
        await self._wire.do(brand_calls.delete_asset(asset_id))

    async def create_brand_kit(
        self, name: str, *, idempotency_key: str = "", **kit: Any
    ) -> BrandKit:
        """Colours, logo, watermark, font_id, intro_id, outro_id, caption_position."""
        key = idempotency_key or uuid4().hex
        body = {"name": name, **kit}
        return await self._wire.do(brand_calls.create("brand-kits", BrandKit, body, key))

    async def brand_kit(self, kit_id: str) -> BrandKit:
        """One brand kit as it is now."""
        return await self._wire.do(brand_calls.get("brand-kits", BrandKit, kit_id))

    def brand_kits(self, *, limit: int = 20) -> AsyncIterator[BrandKit]:
        """All brand kits, newest first."""
        return self._wire.pages(
            lambda cursor: brand_calls.pages("brand-kits", BrandKit, cursor, limit)
        )

    def brand_kit_versions(self, kit_id: str) -> AsyncIterator[Version]:
        """What a brand kit was, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.versions("brand-kits", kit_id, cursor))

    async def update_brand_kit(
        self, kit: str | BrandKit, name: str, *, if_match: str = "", **rest: Any
    ) -> BrandKit:
        """Another version of the whole kit. Of one that was read: Changed where it is old."""
        kit_id, tag = tags.edit_of(kit, if_match)
        body = {"name": name, **rest}
        return await self._wire.do(brand_calls.update("brand-kits", BrandKit, kit_id, body, tag))

    async def delete_brand_kit(self, kit: str | BrandKit, *, if_match: str = "") -> None:
        """Forget a brand kit. Its files stay."""
        kit_id, tag = tags.edit_of(kit, if_match)
        await self._wire.do(brand_calls.delete("brand-kits", kit_id, tag))

    async def built_in_styles(self) -> list[BuiltInStyle]:
        """The caption styles that everybody has."""
        return (await self._wire.do(brand_calls.built_in_styles())).items

    async def create_caption_style(
        self, name: str, base: str, *, idempotency_key: str = "", **style: Any
    ) -> CaptionStyle:
        """A built-in style with other colours, size, animation or position."""
        key = idempotency_key or uuid4().hex
        body = {"name": name, "base": base, **style}
        return await self._wire.do(brand_calls.create("caption-styles", CaptionStyle, body, key))

    async def caption_style(self, style_id: str) -> CaptionStyle:
        """One caption style of your own."""
        return await self._wire.do(brand_calls.get("caption-styles", CaptionStyle, style_id))

    def caption_styles(self, *, limit: int = 20) -> AsyncIterator[CaptionStyle]:
        """Caption styles of your own, newest first."""
        return self._wire.pages(
            lambda cursor: brand_calls.pages("caption-styles", CaptionStyle, cursor, limit)
        )

    def caption_style_versions(self, style_id: str) -> AsyncIterator[Version]:
        """What a caption style was, newest first."""
        return self._wire.pages(
            lambda cursor: brand_calls.versions("caption-styles", style_id, cursor)
        )

    async def update_caption_style(
        self, style: str | CaptionStyle, name: str, base: str, *, if_match: str = "", **rest: Any
    ) -> CaptionStyle:
        """Another version of the whole style. Of one that was read: Changed where it is old."""
        style_id, tag = tags.edit_of(style, if_match)
        body = {"name": name, "base": base, **rest}
        return await self._wire.do(
            brand_calls.update("caption-styles", CaptionStyle, style_id, body, tag)
        )

    async def delete_caption_style(self, style: str | CaptionStyle, *, if_match: str = "") -> None:
        """Forget a caption style of your own."""
        style_id, tag = tags.edit_of(style, if_match)
        await self._wire.do(brand_calls.delete("caption-styles", style_id, tag))

    async def built_in_presets(self) -> list[PlatformPreset]:
        """What the platforms take."""
        return (await self._wire.do(brand_calls.built_in_presets())).items

    async def create_preset(self, name: str, *, idempotency_key: str = "", **preset: Any) -> Preset:
        """Aspect, style, quality, height, brand_kit_id, max_clip_ms and target_lufs in one."""
        key = idempotency_key or uuid4().hex
        body = {"name": name, **preset}
        return await self._wire.do(brand_calls.create("presets", Preset, body, key))

    async def preset(self, preset_id: str) -> Preset:
        """One preset of your own."""
        return await self._wire.do(brand_calls.get("presets", Preset, preset_id))

    def presets(self, *, limit: int = 20) -> AsyncIterator[Preset]:
        """Presets of your own, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.pages("presets", Preset, cursor, limit))

    def preset_versions(self, preset_id: str) -> AsyncIterator[Version]:
        """What a preset was, newest first."""
        return self._wire.pages(lambda cursor: brand_calls.versions("presets", preset_id, cursor))

    async def update_preset(
        self, preset: str | Preset, name: str, *, if_match: str = "", **rest: Any
    ) -> Preset:
        """Another version of the whole preset. Of one that was read: Changed where it is old."""
        preset_id, tag = tags.edit_of(preset, if_match)
        body = {"name": name, **rest}
        return await self._wire.do(brand_calls.update("presets", Preset, preset_id, body, tag))

    async def delete_preset(self, preset: str | Preset, *, if_match: str = "") -> None:
        """Forget a preset of your own."""
        preset_id, tag = tags.edit_of(preset, if_match)
        await self._wire.do(brand_calls.delete("presets", preset_id, tag))

    async def create_batch(
        self, clip_ids: Sequence[str], *, idempotency_key: str = "", **looks: Any
    ) -> Batch:
        """Render clips in all `aspects` and `styles`, or for all `presets`: 100 outputs at most."""
        key = idempotency_key or uuid4().hex
        return await self._wire.do(
            brand_calls.create_batch({"clip_ids": list(clip_ids), **looks}, key)
        )

    async def batch(self, batch_id: str, *, wait: int = 0) -> Batch:
        """One batch; with `wait` (seconds, at most 30), as soon as nothing of it waits."""
        return await self._wire.do(brand_calls.get_batch(batch_id, wait))

    async def wait_for_batch(
        self,
        batch_id: str,
        on_change: Callable[[Batch], None] | None = None,
        *,
        seconds: float | None = None,
    ) -> Batch:
        """Return once nothing of it waits or runs. StillRunning after `seconds`."""
        deadline = Deadline.after(seconds)
        while True:
            batch = await self.batch(batch_id, wait=deadline.hold())
            if on_change:
                on_change(batch)
            if batch.over:
                return batch
            deadline.check(batch_id)

    async def cancel_batch(self, batch_id: str) -> Batch:
        """Stop what is left of it."""
        return await self._wire.do(brand_calls.cancel_batch(batch_id))
