"""Projects, asked for by client and command."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import typer

from clipforge_client.commands import project_edit
from scripted_gateway import PROJECT, Command, Talk


def page(*items: dict[str, Any], following: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items), "next": following})


def test_a_list_is_asked_for_with_its_filters_on_every_page(talk: Talk) -> None:
    client, gateway = talk(page(PROJECT, following="c2"), page(PROJECT))

    found = list(
        client.projects(state="ready", since=datetime(2026, 1, 2, tzinfo=UTC), sort="title")
    )

    assert len(found) == 2
    assert [dict(request.url.params) for request in gateway.requests] == [
        {**ASKED, "limit": "20"},
        {**ASKED, "limit": "20", "cursor": "c2"},
    ]


ASKED = {"state": "ready", "created_since": "2026-01-02T00:00:00+00:00", "sort": "title"}


def test_the_command_asks_for_days_by_the_clock_of_this_machine(command: Command) -> None:
    said, gateway = command("projects list --state ready --since 2026-01-02", page(PROJECT))

    [request] = gateway.requests
    asked = datetime.fromisoformat(request.url.params["created_since"])
    assert asked == datetime(2026, 1, 2).astimezone()
    assert "A talk" in said


def test_nothing_found_is_told_as_what_it_is(command: Command) -> None:
    chosen, _ = command("projects list --title queues --sort=-title", page())
    none, _ = command("projects list", page())

    assert "no such projects" in chosen
    assert "no projects yet" in none


def test_an_edit_says_what_is_named_and_nothing_else(command: Command) -> None:
    said, gateway = command(
        'projects edit prj_1 --title "Why queues" --kit none --vocabulary "NATS, ack" --min 1.5',
        httpx.Response(200, json={**PROJECT, "title": "Why queues"}),
    )

    [request] = gateway.requests
    assert (request.method, request.headers["If-Match"]) == ("PATCH", "*")
    assert json.loads(request.content) == {
        "title": "Why queues",
        "options": {"brand_kit_id": "", "vocabulary": ["NATS", "ack"], "min_clip_ms": 1500},
    }
    assert "Why queues" in said


def test_an_edit_that_changes_nothing_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="what is to change"):
        project_edit.edit_project("prj_1")


def test_a_film_of_ones_own_is_named_by_its_hash(command: Command) -> None:
    _, gateway = command(f"projects create {'ab' * 32}", httpx.Response(202, json=PROJECT))

    [request] = gateway.requests
    assert json.loads(request.content)["source"] == {"type": "asset", "sha256": "ab" * 32}


def test_assets_are_told_in_words(command: Command) -> None:
    listed, _ = command("assets list", page(ASSET))
    shown, _ = command("assets show ast_1", httpx.Response(200, json=ASSET))

    assert "1920x1080" in listed
    assert "1:30.0" in listed
    assert "h264, aac" in shown
    assert "thumbnails  https://store/tiles.jpg" in shown
    assert "prj_1" in shown


ASSET = {
    "id": "ast_1",
    "sha256": "ab" * 32,
    "kept": True,
    "media": {
        "duration_ms": 90_000,
        "width": 1920,
        "height": 1080,
        "frame_rate": 25.0,
        "bytes": 12_000_000,
        "video_codec": "h264",
        "audio_codec": "aac",
    },
    "files": {"poster": "https://store/poster.jpg", "thumbnails": "https://store/tiles.jpg"},
    "project_count": 1,
    "project_ids": ["prj_1"],
    "created_at": "2026-01-02T03:04:05Z",
}


def test_what_is_to_go_next_is_told_with_its_time(command: Command) -> None:
    expiry = {
        "kind": "export",
        "tenant_id": "ten_1",
        "project_id": "prj_1",
        "export_id": "exp_1",
        "title": "A talk",
        "bytes": 4_000_000,
        "finished_at": "2026-01-02T03:04:05Z",
        "expires_at": "2026-01-02T15:04:05Z",
    }

    said, gateway = command("retention list --kind export --within 48", page(expiry))

    assert "2026-01-02 15:04" in said
    assert "exp_1" in said
    assert gateway.requests[0].url.params["within_hours"] == "48.0"
