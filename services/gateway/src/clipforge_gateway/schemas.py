"""The bodies of requests and answers. Never the tables: those may change on their own."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Aspect = Literal["9:16", "1:1", "4:5", "16:9"]
Style = Literal["pop", "karaoke", "boxed", "single", "build", "neon", "minimal", "bar", "none"]
StyleName = Annotated[
    str, Field(max_length=64, pattern=rf"^({'|'.join(get_args(Style))}|sty_[a-z0-9]{{26}})$")
]
"""A built-in one, or one of the tenant's own. A pattern, as errors of a union name its members."""
PresetName = Annotated[
    str,
    Field(
        pattern=r"^(tiktok|reels|shorts|x|linkedin|youtube|pst_[a-z0-9]{26})$",
        description="A platform (tiktok, reels, shorts, x, linkedin, youtube) or one of your own",
    ),
]
LANGUAGE = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]+)*)?$"  # BCP 47, or empty
ASSET_ID = r"^(ast_[a-z0-9]{26})?$"
Quality = Literal["draft", "standard"]
PlanName = Literal["business", "pro", "free"]
T = TypeVar("T")


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a text cannot hold the character NUL")
    return text


Text = Annotated[str, AfterValidator(_storable)]


def _fetchable(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("only http and https addresses can be imported")
    if not parts.hostname:
        raise ValueError("the address has no host")
    if parts.username or parts.password:
        raise ValueError("the address carries a user name or a password; leave them out")
    return url


class Body(BaseModel):
    """A request: unknown fields are an error, not a silent typo, and 0 is no false."""

    model_config = ConfigDict(extra="forbid", strict=True)


class UrlSource(Body):
    type: Literal["url"]
    url: Annotated[Text, Field(max_length=2048), AfterValidator(_fetchable)]


class UploadSource(Body):
    type: Literal["upload"]
    upload_id: str = Field(max_length=64, description="Of a completed upload")


class AssetSource(Body):
    type: Literal["asset"]
    sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="Of a film that you have, and that is still kept"
    )


class RenderOptions(Body):
    """How a clip is to look."""

    aspect: Aspect = "9:16"
    style: StyleName = Field(
        default="pop", description="Caption style: built in, or one of your own (sty_...)"
    )
    brand_kit_id: str | None = Field(
        default=None,
        pattern=r"^(kit_[a-z0-9]{26})?$",
        description="Left out: the project's, if it has one; empty: none",
    )
    quality: Quality = "standard"
    height: int = Field(
        default=0, ge=0, le=2160, description="Short side in pixels; 0: the best of the plan"
    )


class ProjectOptions(RenderOptions):
    """What to make of the film."""

    language: str = Field(
        default="",
        max_length=16,
        pattern=LANGUAGE,
        description="Spoken language (BCP 47); empty: detect",
    )
    vocabulary: list[Annotated[Text, Field(max_length=80)]] = Field(
        default=[], max_length=100, description="Names and terms to expect"
    )
    clips: int = Field(default=0, ge=0, le=50, description="How many; 0: as the length suggests")
    min_clip_ms: int = Field(default=0, ge=0, le=600_000)
    max_clip_ms: int = Field(default=0, ge=0, le=600_000)
    auto_export: bool = Field(default=False, description="Render every clip that is found")
    model: Text = Field(default="", max_length=64, description="Speech model; empty: the default")


class CreateProject(Body):
    source: Annotated[UrlSource | UploadSource | AssetSource, Field(discriminator="type")]
    title: Text = Field(default="", max_length=200)
    options: ProjectOptions = ProjectOptions()


class EditProject(Body):
    """What is left out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Why queues lose work", "options": {"language": "en"}}]
        }
    )

    title: Text | None = Field(default=None, max_length=200)
    options: ProjectOptions | None = Field(
        default=None, description="Those named are changed, the others stay"
    )


class CreateUpload(Body):
    file_name: Text = Field(min_length=1, max_length=255)
    bytes: int = Field(gt=0, description="Size of the whole file")
    content_type: str = Field(
        default="application/octet-stream",
        max_length=100,
        pattern=r"^[A-Za-z0-9.+_-]+/[A-Za-z0-9.+_-]+$",
    )


class PresetOptions(RenderOptions):
    """A look, or the name of one. What is said here goes before what the preset says."""

    preset: PresetName | None = None


class CreateExport(PresetOptions):
    clip_id: str = Field(max_length=64)


class CreateBatch(Body):
    """Every clip in every aspect and every style, or for every preset."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "clip_ids": ["clip_01k0c5v8q2f3s9xw7h6d4b1n2m"],
                    "aspects": ["9:16", "1:1"],
                    "styles": ["pop", "karaoke"],
                }
            ]
        }
    )

    clip_ids: list[Annotated[str, Field(max_length=64)]] = Field(min_length=1, max_length=100)
    aspects: list[Aspect] = Field(default=["9:16"], min_length=1, max_length=4)
    styles: list[StyleName] = Field(default=["pop"], min_length=1, max_length=20)
    presets: list[PresetName] = Field(
        default=[], max_length=20, description="In the place of aspects and styles"
    )
    quality: Quality = "standard"
    height: int = Field(default=0, ge=0, le=2160, description="As of an export")
    brand_kit_id: str | None = Field(
        default=None,
        pattern=r"^(kit_[a-z0-9]{26})?$",
        description="Left out: that of each clip's project, if it has one; empty: none",
    )

    @field_validator("clip_ids", "aspects", "styles", "presets")
    @classmethod
    def _each_once(cls, given: list[Any]) -> list[Any]:
        if len(set(given)) < len(given):
            raise ValueError("each may be named once")
        return given

    @model_validator(mode="after")
    def _one_way(self) -> "CreateBatch":
        if self.presets and {"aspects", "styles"} & self.model_fields_set:
            raise ValueError("name presets, or aspects and styles")
        return self

    def looks(self) -> list["PresetOptions"]:
        """Each look that is wanted."""
        names = {"quality", "height", "brand_kit_id"} & self.model_fields_set
        said = {name: getattr(self, name) for name in names}
        if self.presets:
            return [PresetOptions(preset=preset, **said) for preset in self.presets]
        return [
            PresetOptions.model_validate({"aspect": aspect, "style": style, **said})
            for style in self.styles
            for aspect in self.aspects
        ]


class CreateKey(Body):
    name: str = Field(min_length=1, max_length=100, description="Whose it is, or what it is for")
    role: Literal["user", "admin"] = Field(
        default="user", description="admin: may make and revoke keys too"
    )


class CreateTenant(Body):
    name: Text = Field(min_length=1, max_length=100, description="Whose films they are")
    plan: PlanName = "free"


class EditTenant(Body):
    """What is left out stays as it is."""

    name: Text | None = Field(default=None, min_length=1, max_length=100)
    plan: PlanName | None = None


class TenantView(BaseModel):
    id: str
    name: str
    plan: str


class ApiKeyView(BaseModel):
    id: str
    name: str
    role: str
    revoked: bool
    created_at: datetime


class NewApiKeyView(ApiKeyView):
    key: str = Field(description="Shown this once, and kept nowhere")


class Failure(BaseModel):
    stage: str
    reason: str = Field(description="A code that programs can branch on")
    sentence: str = Field(description="What happened and what to do, for a person")


class ProgressView(BaseModel):
    percent: float = Field(description="0 to 100; it never goes back")
    stage: str
    step: str = Field(description="What is going on, in words")
    seconds_left: int | None = Field(
        default=None,
        description="Seconds of work to come, as past jobs took; without the time in queues",
    )


class MediaView(BaseModel):
    duration_ms: int
    width: int
    height: int
    frame_rate: float
    bytes: int


class ProjectView(BaseModel):
    id: str
    title: str
    state: str
    progress: ProgressView
    source: dict[str, Any]
    options: dict[str, Any]
    asset_id: str | None = Field(default=None, description="Its film, once that is known")
    media: MediaView | None = None
    language: str = ""
    notice: str = Field(default="", description="What you should know about the result")
    failure: Failure | None = None
    clip_count: int = 0
    version: int = Field(default=0, description="How often it was edited")
    seconds_per_stage: dict[str, float] = Field(
        default={}, description="From the moment a stage could begin until it was done"
    )
    expires_at: datetime | None = Field(
        default=None, description="When its film goes; clips and transcript stay"
    )
    created_at: datetime
    updated_at: datetime


class ExportView(BaseModel):
    id: str
    project_id: str
    clip_id: str
    state: str
    progress: ProgressView
    aspect: str
    style: str
    quality: str
    brand_kit_id: str | None = None
    brand_kit_version: int | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    bytes: int | None = None
    cached: bool = False
    failure: Failure | None = None
    files: dict[str, str] = Field(
        default={}, description="Links to clip, srt, vtt and thumbnail, good for an hour"
    )
    seconds: float | None = Field(default=None, description="From the request to the result")
    expires_at: datetime | None = Field(default=None, description="When its files go")
    created_at: datetime


class BatchView(BaseModel):
    id: str
    over: bool = Field(description="Whether nothing of it waits or runs")
    counts: dict[str, int] = Field(description="How many of its exports are in each state")
    export_ids: list[str] = Field(description="In the order of clips, styles and aspects")
    created_at: datetime


class UploadView(BaseModel):
    id: str
    file_name: str
    bytes: int
    part_bytes: int
    part_count: int


class PartView(BaseModel):
    number: int
    url: str = Field(description="PUT the bytes of this part here")
    arrived: bool


class PageView(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = Field(default=None, description="`cursor` of the next page")


class HealthView(BaseModel):
    status: Literal["ok", "degraded"]
    checks: dict[str, bool]
    version: str
    uptime_seconds: float
    memory_bytes: int
    cpu_seconds: float
    queues: dict[str, dict[str, int]]
