"""What waits, runs and has failed: asked, and done after all, by client and command."""

import json

import httpx

from scripted_gateway import AT, Command, Talk

JOB = {
    "id": "job_1",
    "queue": "transcription",
    "project_id": "prj_1",
    "about": "prj_1",
    "state": "failed",
    "progress": {"percent": 40, "stage": "transcription", "step": "failed", "seconds_left": None},
    "attempts": 3,
    "failure": {"stage": "transcription", "reason": "exhausted", "sentence": "Try again later."},
    "waiting_since": AT,
}
QUEUE = {
    "queue": "transcription",
    "waiting": 7,
    "active": 2,
    "delayed": 1,
    "deferred": 3,
    "completed": 4,
    "failed": 5,
    "paused": True,
    "oldest_waiting_seconds": 61.5,
    "completed_last_hour": 4,
    "mean_seconds": 3.25,
}


def page(*items: object) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items), "next": None})


def test_dead_letters_are_asked_for_by_what_is_given(talk: Talk) -> None:
    client, gateway = talk(page(JOB))

    [letter] = client.dead_letters(queue="transcription", reason="exhausted")

    assert letter.failure is not None
    assert letter.failure.reason == "exhausted"
    asked = dict(gateway.requests[0].url.params)
    assert asked == {"queue": "transcription", "reason": "exhausted", "limit": "20"}


def test_all_are_replayed_only_by_saying_so(talk: Talk) -> None:
    done = httpx.Response(202, json={"replayed": 2, "more": False})
    client, gateway = talk(done)

    client.replay_all(reason="exhausted")
    client.replay_all()
    client.replay_all(tenant="all")

    assert [json.loads(request.content) for request in gateway.requests] == [
        {"reason": "exhausted"},
        {"all": True},
        {"tenant": "all", "all": True},
    ]


def test_the_table_of_queues_tells_what_is_paused(command: Command) -> None:
    said, _ = command("queues", httpx.Response(200, json={"transcription": QUEUE}))

    assert "paused" in said
    assert "partly" not in said
    assert "62 s" in said
    assert "3.2 s" in said or "3.3 s" in said


def test_the_table_of_queues_tells_what_is_paused_in_part(command: Command) -> None:
    halfway = {**QUEUE, "paused": False, "partly_paused": True}

    said, _ = command("queues", httpx.Response(200, json={"transcription": halfway}))

    assert "partly" in said


def test_a_queue_is_paused_and_resumed(command: Command) -> None:
    said, gateway = command("queues pause transcription", httpx.Response(200, json=QUEUE))
    _, again = command("queues resume transcription", httpx.Response(200, json=QUEUE))

    assert "clipforge queues resume transcription" in said
    assert gateway.requests[0].url.path == "/v1/queues/transcription/pause"
    assert again.requests[0].url.path == "/v1/queues/transcription/resume"


def test_replaying_all_goes_on_while_there_are_more(command: Command) -> None:
    said, gateway = command(
        "dead-letters replay --all --reason exhausted",
        httpx.Response(202, json={"replayed": 1000, "more": True}),
        httpx.Response(202, json={"replayed": 3, "more": False}),
    )

    assert "1003 replayed" in said
    assert len(gateway.requests) == 2


def test_replaying_ends_where_nothing_new_is_replayed(command: Command) -> None:
    _, gateway = command(
        "dead-letters replay --all",
        httpx.Response(202, json={"replayed": 0, "more": True}),
    )

    assert len(gateway.requests) == 1


def test_jobs_and_dead_letters_are_told_in_words(command: Command) -> None:
    listed, _ = command("jobs --state failed", page(JOB))
    letters, _ = command("dead-letters list", page(JOB))
    shown, _ = command("dead-letters show job_1", httpx.Response(200, json=JOB))

    assert "job_1" in listed
    assert "40 %" in listed
    assert "exhausted" in letters
    assert "Try again later." in shown
    assert "clipforge dead-letters replay job_1" in shown
