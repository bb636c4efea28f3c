"""What is sent again, after which pause, and what never: by both clients."""

import httpx
import pytest

from clipforge_client import (
    ApiError,
    Changed,
    Conflict,
    Gone,
    Invalid,
    TooManyRequests,
    Unavailable,
    Unconditional,
    Unreachable,
)
from clipforge_client.patience import FIRST_TRIES, TRIES
from scripted_gateway import AT, PROJECT, Talk, problem

READY = httpx.Response(200, json=PROJECT)
KEY = httpx.Response(
    201, json={"id": "key_1", "name": "ci", "role": "user", "created_at": AT, "key": "cf_new"}
)
GONE = httpx.ConnectError("refused")
LOST = httpx.ReadTimeout("no answer")


def test_what_is_lost_on_the_way_is_sent_again(talk: Talk) -> None:
    client, gateway = talk(LOST, READY)

    assert client.project("prj_1").over
    assert len(gateway.requests) == 2


def test_an_address_where_nobody_ever_answered_is_given_up_soon(talk: Talk) -> None:
    client, gateway = talk(GONE)

    with pytest.raises(Unreachable, match="http://gateway:8000 does not answer: refused"):
        client.project("prj_1")

    assert len(gateway.requests) == FIRST_TRIES


def test_a_gateway_that_has_answered_is_waited_for_longer(talk: Talk, naps: list[float]) -> None:
    client, gateway = talk(READY, GONE)
    client.project("prj_1")

    with pytest.raises(Unreachable):
        client.project("prj_1")

    assert len(gateway.requests) == 1 + TRIES
    assert 10 < sum(naps) < 25
    assert naps == sorted(naps)


def test_a_server_that_asks_for_a_pause_gets_it(talk: Talk, naps: list[float]) -> None:
    busy = problem(503)
    busy.headers["Retry-After"] = "7"
    client, _ = talk(busy, READY)

    client.project("prj_1")

    assert naps == [7.0]


def test_a_server_that_asks_for_an_hour_is_not_waited_for(talk: Talk, naps: list[float]) -> None:
    busy = problem(429)
    busy.headers["Retry-After"] = "3600"
    client, gateway = talk(busy)

    with pytest.raises(TooManyRequests) as caught:
        client.project("prj_1")

    assert caught.value.retry_after == 3600
    assert len(gateway.requests) == 1
    assert naps == []


def test_a_new_key_whose_answer_was_lost_is_not_asked_for_twice(talk: Talk) -> None:
    client, gateway = talk(LOST, KEY)

    with pytest.raises(Unreachable):
        client.create_key("ci")

    assert len(gateway.requests) == 1


def test_a_new_key_is_not_asked_for_twice_where_a_part_was_away(talk: Talk) -> None:
    client, gateway = talk(problem(503), KEY)

    with pytest.raises(Unavailable):
        client.create_key("ci")

    assert len(gateway.requests) == 1


@pytest.mark.parametrize("refusal", [GONE, problem(429)])
def test_what_was_surely_not_done_is_sent_again(
    talk: Talk, refusal: httpx.Response | Exception
) -> None:
    client, gateway = talk(refusal, KEY)

    assert client.create_key("ci").key == "cf_new"
    assert len(gateway.requests) == 2


def test_a_project_is_sent_again_under_one_idempotency_key(talk: Talk) -> None:
    client, gateway = talk(LOST, LOST, READY)
    client._wire._answered = True

    client.create_project(url="https://example.com/talk.mp4")

    keys = {request.headers["Idempotency-Key"] for request in gateway.requests}
    assert len(gateway.requests) == 3
    assert len(keys) == 1


def test_every_post_goes_under_a_key_that_all_its_tries_share(talk: Talk) -> None:
    client, gateway = talk(LOST, READY, READY)
    client._wire._answered = True

    for _ in range(2):
        client.cancel_project("prj_1")

    keys = [request.headers["Idempotency-Key"] for request in gateway.requests]
    assert keys[0] == keys[1] != keys[2]


def test_what_is_at_work_is_asked_for_again(talk: Talk) -> None:
    at_work = problem(409, type="/problems/request-in-progress")
    at_work.headers["Retry-After"] = "1"
    client, gateway = talk(at_work, READY)

    assert client.create_project(url="https://example.com/talk.mp4").id
    assert len(gateway.requests) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(410, Gone), (412, Changed), (422, Invalid), (428, Unconditional)],
)
def test_each_refusal_is_an_error_of_its_own(talk: Talk, status: int, kind: type[ApiError]) -> None:
    client, _ = talk(problem(status))

    with pytest.raises(kind) as caught:
        client.project("prj_1")

    assert type(caught.value) is kind


def test_a_refusal_is_not_sent_again(talk: Talk) -> None:
    client, gateway = talk(problem(409))

    with pytest.raises(Conflict):
        client.project("prj_1")

    assert len(gateway.requests) == 1
