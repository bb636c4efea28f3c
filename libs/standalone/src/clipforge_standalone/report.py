"""What a run reports of its clips, to machines."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ClipReport:
    """One clip on this disk."""

    file: str
    start_ms: int
    end_ms: int
    title: str
    score: int | None  # None: made by hand
    confidence: float | None
    reasons: list[str]
    hashtags: list[str]
    captions: dict[str, str]
    thumbnail: str
    bytes: int
    width: int
    height: int
    text: str
    cached: bool
    factors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """One run."""

    project: str
    title: str
    state: str
    language: str
    notice: str
    duration_ms: int
    seconds_per_stage: dict[str, float]
    clips: list[ClipReport]
    page: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
