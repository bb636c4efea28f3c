"""What a run leaves beside its clips: a report for machines, and a page for people."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jinja2


@dataclass(frozen=True)
class ClipReport:
    """One clip on this disk."""

    file: str
    start_ms: int
    end_ms: int
    title: str
    score: int
    confidence: float
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


def write_page(report: Report, transcript: dict[str, Any], folder: Path) -> Path:
    """`index.html`: players, scores with reasons, transcript. It asks nothing of the network."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("clipforge_standalone"), autoescape=True
    )
    environment.filters["clock"] = clock
    page = folder / "index.html"
    text = environment.get_template("index.html").render(
        report=report, segments=transcript.get("segments", [])
    )
    page.write_text(text, encoding="utf-8")
    return page


def clock(milliseconds: float) -> str:
    """A media time for people: m:ss.t."""
    minutes, rest = divmod(int(milliseconds), 60_000)
    return f"{minutes}:{rest // 1000:02}.{rest % 1000 // 100}"
