"""What the API answers, as frozen models. Fields of a newer server are ignored."""

from datetime import date, datetime
from operator import not_
from typing import Any, Generic, Self, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

T = TypeVar("T")


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tagged(Model):
    """What is edited. `etag` names the state that was read; an edit sends it as `if_match`.

    It is empty where an answer tells none: for one of a list, say.
    """

    etag: str = Field(default="", exclude_if=not_)

    def tagged(self, etag: str) -> Self:
        """The same, read with this tag."""
        return self.model_copy(update={"etag": etag})


class Progress(Model):
    percent: float
    stage: str
    step: str
    seconds_left: int | None = None  # of work, as past jobs took; without the time in queues


class Failure(Model):
    stage: str
    reason: str
    sentence: str


class Media(Model):
    duration_ms: int
    width: int
    height: int
    frame_rate: float
    bytes: int


class AssetMedia(Media):
    container: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    rotation: int = 0  # degrees clockwise that a player turns the picture
    variable_frame_rate: bool = False
    hdr: bool = False


class Asset(Model):
    """A film, by the hash of its bytes."""

    id: str
    sha256: str
    kept: bool  # whether the film itself is still stored
    media: AssetMedia
    files: dict[str, str] = {}  # links to poster, thumbnails and peaks
    thumbnail_interval_ms: int = 0
    thumbnail_columns: int = 0
    project_count: int = 0
    project_ids: list[str] = []  # of one asset: the newest hundred; of a list: none
    created_at: datetime


class Project(Tagged):
    """A film on its way to clips."""

    id: str
    title: str
    state: str  # queued, importing, transcribing, detecting, ready, failed or cancelled
    progress: Progress
    source: dict[str, Any] = {}
    options: dict[str, Any] = {}
    asset_id: str | None = None
    media: Media | None = None
    language: str = ""
    notice: str = ""
    failure: Failure | None = None
    clip_count: int = 0
    version: int = 0  # how often it was edited
    seconds_per_stage: dict[str, float] = {}
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in ("ready", "failed", "cancelled")


class Clip(Tagged):
    id: str
    project_id: str
    start_ms: int
    end_ms: int
    score: int | None  # None: made by hand, so nobody scored it
    confidence: float | None
    title: str
    text: str
    reasons: list[str]
    hashtags: list[str]
    factors: list[dict[str, Any]] = []
    detector: str = ""  # what found it; "manual": a person
    version: int = 0  # how often it was edited


class TranscriptVersion(Tagged):
    """What a correction has made of a transcript."""

    project_id: str
    version: int
    words: int
    language: str

    @property
    def id(self) -> str:
        """By which it is edited."""
        return self.project_id


class Word(Tagged):
    """One word of a transcript. `index` counts from 0, in the version that `etag` names."""

    index: int
    text: str
    start_ms: int
    end_ms: int
    confidence: float = 0.0
    speaker: str = ""


class Hit(Model):
    """A sentence or so in which something is said."""

    project_id: str
    project_title: str
    start_ms: int
    end_ms: int
    text: str
    highlights: list[tuple[int, int]] = []
    first_word: int = 0
    last_word: int = 0
    clip_ids: list[str] = []


class Export(Model):
    """A clip being rendered, or rendered."""

    id: str
    project_id: str
    clip_id: str
    state: str  # waiting, active, completed, failed or cancelled
    progress: Progress
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
    files: dict[str, str] = {}
    seconds: float | None = None
    created_at: datetime | None = None

    @property
    def over(self) -> bool:
        return self.state in ("completed", "failed", "cancelled")


class Batch(Model):
    """Exports that were asked for together."""

    id: str
    over: bool  # nothing of it waits or runs
    counts: dict[str, int]  # of its exports, by state
    export_ids: list[str]
    created_at: datetime


class BrandAsset(Model):
    """A file of a brand."""

    id: str
    kind: str  # picture, font or film
    state: str  # checking, ready or refused
    name: str
    failure: Failure | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    url: str | None = None
    created_at: datetime


class Look(Tagged):
    """What brand kits, caption styles and presets have in common."""

    id: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime


class BrandKit(Look):
    """A logo, a watermark, colours, a font, an intro and an outro."""

    colours: dict[str, str | None] = {}
    logo: dict[str, Any] | None = None
    watermark: dict[str, Any] | None = None
    font_id: str | None = None
    intro_id: str | None = None
    outro_id: str | None = None
    caption_position: str | None = None


class CaptionStyle(Look):
    """A built-in style, changed."""

    base: str
    colours: dict[str, str | None] = {}
    size: int | None = None
    animation: str | None = None
    position: str | None = None
    preview_url: str | None = None  # None while it is rendered


class BuiltInStyle(Model):
    """A caption style that everybody has."""

    name: str
    font: str
    size: int
    animation: str
    colours: dict[str, str | None]
    words: int
    lines: int
    upper_case: bool
    preview_url: str | None = None  # None while it is rendered


class Preset(Look):
    """What a clip is to be like, under a name."""

    aspect: str
    style: str
    quality: str
    height: int = 0
    brand_kit_id: str | None = None
    max_clip_ms: int = 0
    target_lufs: float = -14.0


class PlatformPreset(Model):
    """What a platform takes."""

    preset: str
    name: str
    aspect: str
    style: str
    quality: str
    height: int
    max_clip_ms: int
    target_lufs: float
    margins: dict[str, int]


class Version(Model):
    """What a kit, a style or a preset was."""

    version: int
    saved_at: datetime
    was: dict[str, Any] = Field(validation_alias=AliasChoices("kit", "style", "preset"))


class Upload(Model):
    id: str
    file_name: str
    bytes: int
    part_bytes: int
    part_count: int


class Part(Model):
    number: int
    url: str
    arrived: bool


class Tenant(Tagged):
    """Whose films they are, and what its plan is."""

    id: str
    name: str
    plan: str  # business, pro or free


class ApiKey(Model):
    """A key, but not what opens the door."""

    id: str
    name: str
    role: str  # user or admin
    revoked: bool = False
    created_at: datetime


class NewApiKey(ApiKey):
    """A key as it is shown once."""

    key: str


class UsageDay(Model):
    """What was used on one day (UTC). What came from a cache is counted apart."""

    day: date
    source_minutes: float
    cached_source_minutes: float
    films: int
    output_seconds: float
    cached_output_seconds: float
    exports: int
    projects: int = 0  # taken in
    stored_bytes: int = 0  # at the end of the day: films and rendered clips


class Usage(Model):
    """Days on which something was used or stored, oldest first."""

    tenant_id: str
    first: date
    last: date
    days: list[UsageDay]


class Expiry(Model):
    """A film, or the files of an export, that are to go."""

    kind: str  # film or export
    tenant_id: str
    project_id: str
    export_id: str | None = None
    title: str
    bytes: int
    finished_at: datetime
    expires_at: datetime


class RetentionBacklog(Model):
    """What is due in each step of letting go, and not done."""

    films: int
    exports: int
    removals: int  # objects that nobody refers to any more
    removals_requested: int
    oldest_removal_at: datetime | None = None
    kept_hours: dict[str, float] = {}


class Queue(Model):
    """How much waits, runs and has ended."""

    queue: str
    waiting: int
    active: int
    delayed: int
    deferred: int = 0
    completed: int
    failed: int
    paused: bool = False
    partly_paused: bool = False  # a pause or a resume was broken off: ask for it again
    priorities: dict[str, dict[str, int]] = {}
    oldest_waiting_seconds: float | None = None
    completed_last_hour: int = 0
    completed_per_minute: float = 0.0
    mean_seconds: float | None = None
    p95_seconds: float | None = None


class TenantShare(Model):
    """Whose the jobs of a queue are."""

    tenant_id: str
    outstanding: int  # waiting, active, delayed or deferred
    completed: int
    failed: int
    oldest_outstanding_seconds: float | None = None
    completed_last_hour: int = 0
    completed_per_minute: float = 0.0
    mean_seconds: float | None = None  # of work, of its jobs of the last hour
    p95_seconds: float | None = None


class Job(Model):
    """One stage's work for one project or export."""

    id: str
    queue: str
    project_id: str
    state: str
    progress: Progress
    attempts: int
    failure: Failure | None = None
    waiting_since: datetime
    began_at: datetime | None = None
    finished_at: datetime | None = None
    tenant_id: str = ""
    about: str = ""  # the project or the export
    priority: str = ""
    replay: int = 0  # how often it had failed for good before
    cached: bool = False


class DeadLetter(Job):
    """A job that failed for good. What is for admins is None for others."""

    crashes: int = 0
    replayed_as: str | None = None
    detail: str | None = None
    trace_id: str | None = None
    cause_type: str | None = None
    cause: dict[str, Any] | None = None


class Replayed(Model):
    """What became of many dead letters."""

    replayed: int
    more: bool  # ask again


class Health(Model):
    status: str  # ok or degraded
    checks: dict[str, bool]
    version: str
    uptime_seconds: float
    memory_bytes: int
    cpu_seconds: float
    queues: dict[str, dict[str, int]] = {}


class Alive(Model):
    """What a process says that answers."""

    alive: bool


class Page(Model, Generic[T]):
    items: list[T]
    next: str | None = None


class WordPage(Page[Word], Tagged):
    """Words of one version of a transcript."""

    def tagged(self, etag: str) -> Self:
        """The same, each word with the tag of its version."""
        words = [word.tagged(etag) for word in self.items]
        return self.model_copy(update={"etag": etag, "items": words})


class Event(Model):
    """Something that happened to a project. `progress` events have no id."""

    name: str
    id: str = ""
    data: dict[str, Any]


class WebhookDisabled(Model):
    reason: str
    sentence: str


class Webhook(Tagged):
    """An address that events are sent to."""

    id: str
    url: str
    events: list[str]
    description: str = ""
    enabled: bool
    disabled: WebhookDisabled | None = None
    failing_since: datetime | None = None
    accepted_at: datetime | None = None
    former_secret_until: datetime | None = None
    created_at: datetime
    updated_at: datetime


class NewWebhook(Webhook):
    """The secret is shown this once."""

    secret: str


class WebhookFailure(Model):
    reason: str
    sentence: str


class WebhookDelivery(Model):
    """One event for one webhook."""

    id: str
    webhook_id: str
    message_id: str
    event: str
    state: str  # waiting, delivered or failed
    attempt_count: int
    next_attempt_at: datetime | None = None
    failure: WebhookFailure | None = None
    redelivery_of: str | None = None
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is tried."""
        return self.state != "waiting"


class WebhookAttempt(Model):
    n: int
    at: datetime
    status: int | None
    duration_ms: int
    error: str
    answer: str


class WebhookDeliveryDetail(WebhookDelivery):
    """With what was sent, and what came of each attempt."""

    payload: dict[str, Any]
    attempts: list[WebhookAttempt]
