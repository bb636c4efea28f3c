"""ETags: kept with what was read, sent with what is edited, shown to programs."""

import json

import httpx
import pytest

from clipforge_client import ClientError
from scripted_gateway import PROJECT, Command, Talk

WORDS = [
    {"index": n, "text": text, "start_ms": 400 * n, "end_ms": 400 * n + 400}
    for n, text in enumerate(["Why", "queues"])
]


def tagged(tag: str, body: object) -> httpx.Response:
    return httpx.Response(200, json=body, headers={"ETag": tag})


def test_an_edit_of_what_was_read_goes_by_its_tag(talk: Talk) -> None:
    client, gateway = talk(tagged('"1-a"', PROJECT), tagged('"2-b"', PROJECT))

    edited = client.edit_project(client.project("prj_1"), title="Queues")
    client.edit_project(edited, title="Why queues")
    client.edit_project(edited, title="Why queues", if_match='"7-x"')
    client.edit_project("prj_1", title="Why queues")

    sent = [request.headers["If-Match"] for request in gateway.requests[1:]]
    assert sent == ['"1-a"', '"2-b"', '"7-x"', "*"]


def test_an_edit_of_what_was_not_read_by_itself_is_refused_before_it_is_sent(talk: Talk) -> None:
    client, gateway = talk(tagged('"of-the-page"', {"items": [PROJECT], "next": None}))
    [listed] = client.projects()

    with pytest.raises(ClientError, match="prj_1 was not read by itself"):
        client.edit_project(listed, title="Queues")

    assert len(gateway.requests) == 1


def test_each_word_has_the_tag_of_its_version(talk: Talk) -> None:
    client, _ = talk(
        tagged('"1"', {"items": WORDS[:1], "next": "c1"}),
        tagged('"2"', {"items": WORDS[1:], "next": None}),
    )

    assert [word.etag for word in client.words("prj_1")] == ['"1"', '"2"']


def test_programs_are_told_the_tag_and_hand_it_over(command: Command) -> None:
    shown, _ = command("projects show prj_1 --json", tagged('"1-a"', PROJECT))
    tag = json.loads(shown)["etag"]

    _, gateway = command(
        f"projects edit prj_1 --title Queues --if-match '{tag}'", tagged('"2-b"', PROJECT)
    )
    listed, _ = command("projects list --json", tagged('"p"', {"items": [PROJECT], "next": None}))

    assert gateway.requests[0].headers["If-Match"] == '"1-a"'
    assert "etag" not in json.loads(listed)[0]


def test_a_whole_is_edited_by_the_tag_that_was_read(command: Command) -> None:
    kit = {
        **{"id": "kit_1", "name": "ours", "version": 3, "colours": {"text": "#112233"}},
        **{"logo": {"asset_id": "bas_1", "corner": "top-left"}, "intro_id": "bas_2"},
        **{"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"},
    }

    _, gateway = command(
        "brand edit kit_1 --highlight #445566 --intro none --logo-corner bottom-left",
        tagged('"5-a"', kit),
    )

    sent = gateway.requests[1]
    assert (sent.method, sent.headers["If-Match"]) == ("PUT", '"5-a"')
    assert json.loads(sent.content) == {
        "name": "ours",
        "colours": {"text": "#112233", "highlight": "#445566"},
        "logo": {"asset_id": "bas_1", "corner": "bottom-left"},
        "watermark": None,
        "font_id": None,
        "intro_id": None,
        "outro_id": None,
        "caption_position": None,
    }
