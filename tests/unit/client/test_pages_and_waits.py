"""Lists as iterators, waits with an end, event streams that go on: by both clients."""

import httpx
import pytest

from clipforge_client import StillRunning, Unreachable
from scripted_gateway import PROJECT, Talk, problem

RUNNING = {**PROJECT, "state": "importing"}
EVENT = "id: 1-{n}\nevent: video-imported\ndata: {{}}\n\n"


def test_all_pages_come_as_one_iterator_fetched_when_needed(talk: Talk) -> None:
    client, gateway = talk(
        httpx.Response(200, json={"items": [PROJECT, {**PROJECT, "id": "prj_2"}], "next": "c1"}),
        httpx.Response(200, json={"items": [{**PROJECT, "id": "prj_3"}], "next": None}),
    )

    found = client.projects(limit=2)

    assert next(found).id == "prj_1"
    assert len(gateway.requests) == 1
    assert [one.id for one in found] == ["prj_2", "prj_3"]
    assert gateway.requests[1].url.params["cursor"] == "c1"
    assert gateway.requests[1].url.params["limit"] == "2"


def test_a_wait_ends_when_the_project_is_over_and_tells_each_change(talk: Talk) -> None:
    client, gateway = talk(
        httpx.Response(200, json=RUNNING),
        httpx.Response(200, json=PROJECT),
    )
    seen: list[str] = []

    project = client.wait_for_project("prj_1", lambda one: seen.append(one.state))

    assert project.state == "ready"
    assert seen == ["importing", "ready"]
    assert gateway.requests[0].url.params["wait"] == "30"


def test_a_wait_may_have_an_end(talk: Talk) -> None:
    client, gateway = talk(httpx.Response(200, json=RUNNING))

    with pytest.raises(StillRunning, match="prj_1 is not over yet"):
        client.wait_for_project("prj_1", seconds=0)

    assert [request.url.params["wait"] for request in gateway.requests] == ["0"]


def test_events_go_on_after_the_last_one_seen(talk: Talk) -> None:
    client, gateway = talk(
        httpx.Response(200, text=EVENT.format(n=1)),
        problem(503),
        httpx.ReadError("reset"),
        httpx.Response(200, text=EVENT.format(n=2)),
    )

    events = client.events("prj_1")
    found = [next(events).id, next(events).id]

    assert found == ["1-1", "1-2"]
    assert "Last-Event-ID" not in gateway.requests[0].headers
    assert gateway.requests[3].headers["Last-Event-ID"] == "1-1"


def test_events_of_all_projects_go_on_where_they_began_though_there_was_none(talk: Talk) -> None:
    client, gateway = talk(
        httpx.Response(200, text="id: 1-7\nretry: 2000\n\n: still here\n\n"),
        httpx.Response(200, text=EVENT.format(n=8)),
    )

    found = next(client.events())

    assert found.id == "1-8"
    assert [one.url.path for one in gateway.requests] == ["/v1/events"] * 2
    assert gateway.requests[1].headers["Last-Event-ID"] == "1-7"


def test_events_of_a_gateway_that_is_gone_for_good_end_in_words(
    talk: Talk, naps: list[float]
) -> None:
    client, _ = talk(httpx.Response(200, text=EVENT.format(n=1)), httpx.ConnectError("refused"))
    events = client.events("prj_1")
    next(events)

    with pytest.raises(Unreachable, match="does not answer"):
        next(events)

    assert len(naps) == 5
