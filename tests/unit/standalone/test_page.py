"""What a run leaves beside its clips."""

import json
from pathlib import Path

import pytest

from clipforge_client.terminal import clock, file_name
from clipforge_standalone.page import write_page
from clipforge_standalone.report import ClipReport, Report

CLIP = ClipReport(
    file="01-a b&c.mp4",
    start_ms=0,
    end_ms=21_500,
    title="<b>Never</b> trust a title",
    score=0,
    confidence=0.5,
    reasons=["Opens with a question."],
    hashtags=["#log"],
    captions={"srt": "01.srt"},
    thumbnail="01.jpg",
    bytes=1_500_000,
    width=1080,
    height=1920,
    text="Never",
    cached=False,
    factors=[{"name": "hook_strength", "value": 0.25, "weight": 1.0}],
)
REPORT = Report(
    project="prj_1",
    title="A talk",
    state="ready",
    language="en",
    notice="",
    duration_ms=90_000,
    seconds_per_stage={"import": 1.0},
    clips=[CLIP],
)


def test_the_page_shows_score_reasons_and_transcript(tmp_path: Path) -> None:
    transcript = {"segments": [{"start_ms": 0, "end_ms": 900, "text": "Hello & welcome"}]}

    page = write_page(REPORT, transcript, tmp_path).read_text()

    assert "Opens with a question." in page
    assert "Hello &amp; welcome" in page
    assert "0:21.5" in page
    assert "width: 25.0%" in page


def test_what_people_said_cannot_become_markup(tmp_path: Path) -> None:
    page = write_page(REPORT, {}, tmp_path).read_text()

    assert "<b>Never</b>" not in page
    assert 'src="01-a%20b%26c.mp4"' in page


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    page = write_page(REPORT, {}, tmp_path).read_text()

    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_the_report_is_json() -> None:
    assert json.loads(json.dumps(REPORT.as_dict()))["clips"][0]["start_ms"] == 0


@pytest.mark.parametrize(
    ("milliseconds", "told"), [(0, "0:00.0"), (61_250, "1:01.2"), (3_600_000, "60:00.0")]
)
def test_times_are_told_as_people_read_them(milliseconds: int, told: str) -> None:
    assert clock(milliseconds) == told


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Why queues lose work", "why-queues-lose-work"),
        ("Über/../etc: ça va?", "uber-etc-ca-va"),
        ("日本語", "clip"),
        ("x" * 200, "x" * 60),
        ("...", "clip"),
    ],
)
def test_a_title_becomes_a_file_name_that_every_file_system_takes(title: str, name: str) -> None:
    assert file_name(title) == name
