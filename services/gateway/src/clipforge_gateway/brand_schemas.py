"""The bodies of what a tenant makes of his brand: files, kits, caption styles and presets."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from clipforge_catalog.tables import BrandAssetState
from clipforge_gateway.schemas import Aspect, Body, Failure, Quality, StyleName, Text

Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Position = Literal["top", "middle", "bottom"]
BuiltIn = Literal["pop", "karaoke", "boxed", "single", "build", "neon", "minimal", "bar"]
Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="#rrggbb")]
Name = Annotated[Text, Field(min_length=1, max_length=100)]
PREVIEW: Final = "A JPEG, good for an hour; null while it is rendered: ask again soon"
AssetId = Annotated[str, Field(pattern=r"^bas_[a-z0-9]{26}$")]
KitId = Annotated[str, Field(pattern=r"^kit_[a-z0-9]{26}$")]


class CreateBrandAsset(Body):
    kind: Literal["picture", "font", "film"] = Field(
        description="picture: PNG, JPEG or WebP; font: a static TTF or OTF; "
        "film: an intro or outro of at most 20 s"
    )
    upload_id: str = Field(max_length=64, description="Of a completed upload")


class BrandAssetView(BaseModel):
    id: str
    kind: str
    state: BrandAssetState
    name: str = Field(description="Of a font its family, else how the file was called")
    failure: Failure | None = Field(default=None, description="Why it was refused")
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    url: str | None = Field(default=None, description="The file, good for an hour")
    created_at: datetime


class Colours(Body):
    """What is left out is as the caption style has it."""

    text: Colour | None = None
    highlight: Colour | None = Field(default=None, description="The word that is spoken")
    background: Colour | None = Field(
        default=None, description="The box behind words, or their outline where there is no box"
    )


class Picture(Body):
    """A picture over the clip, clear of the captions and of what platforms put there."""

    asset_id: AssetId
    corner: Corner
    opacity: int = Field(default=100, ge=1, le=100, description="Percent")
    scale: int = Field(
        default=18, ge=1, le=50, description="Its longer side, in percent of the clip's shorter one"
    )


class SaveBrandKit(Body):
    """A whole kit: what is left out is left away."""

    name: Name
    colours: Colours = Colours()
    logo: Picture | None = None
    watermark: Picture | None = None
    font_id: AssetId | None = Field(default=None, description="Of captions")
    intro_id: AssetId | None = None
    outro_id: AssetId | None = None
    caption_position: Position | None = None


class BrandKitView(SaveBrandKit):
    id: str
    version: int
    created_at: datetime
    updated_at: datetime


class VersionView(BaseModel):
    version: int
    saved_at: datetime


class BrandKitVersionView(VersionView):
    kit: SaveBrandKit


class SaveCaptionStyle(Body):
    """A built-in style with changes. What is left out stays as it is there."""

    name: Name
    base: BuiltIn
    colours: Colours = Colours()
    size: int | None = Field(
        default=None, ge=30, le=240, description="Pixels, in a clip whose shorter side has 1080"
    )
    animation: BuiltIn | None = Field(default=None, description="Moves as this built-in style does")
    position: Position | None = None


class CaptionStyleView(SaveCaptionStyle):
    id: str
    version: int
    preview_url: str | None = Field(default=None, description=PREVIEW)
    created_at: datetime
    updated_at: datetime


class BuiltInStyleView(BaseModel):
    """A caption style that everybody has."""

    name: BuiltIn
    font: str
    size: int = Field(description="Pixels, in a clip whose shorter side has 1080")
    animation: str
    colours: Colours
    words: int = Field(description="A line, at most")
    lines: int
    upper_case: bool
    preview_url: str | None = Field(default=None, description=PREVIEW)


class CaptionStyleVersionView(VersionView):
    style: SaveCaptionStyle


class SavePreset(Body):
    """What a clip is to be like, under a name."""

    name: Name
    aspect: Aspect = "9:16"
    style: StyleName = "pop"
    quality: Quality = "standard"
    height: int = Field(default=0, ge=0, le=2160, description="As of an export")
    brand_kit_id: KitId | None = None
    max_clip_ms: int = Field(
        default=0, ge=0, le=600_000, description="Longer clips are refused; 0: any length"
    )
    target_lufs: float = Field(default=-14, ge=-30, le=-8, description="Loudness, EBU R 128")


class PresetView(SavePreset):
    id: str
    version: int
    created_at: datetime
    updated_at: datetime


class MarginsView(BaseModel):
    """Pixels that a platform covers, where the shorter side has 1080."""

    top: int
    right: int
    bottom: int
    left: int


class PlatformPresetView(BaseModel):
    """What a platform takes."""

    preset: str = Field(description="What an export names")
    name: str
    aspect: Aspect
    style: str
    quality: Quality
    height: int
    max_clip_ms: int = Field(description="0: longer than any clip")
    target_lufs: float
    margins: MarginsView


class PresetVersionView(VersionView):
    preset: SavePreset
