"""One request to an endpoint: bounded in every way, and never to where it must not go."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from clipforge_standalone.servers import ports
from clipforge_webhooks import verdict
from clipforge_webhooks.sending import KEPT, Answer, Sender
from receivers import SILENCE, Receiver, answer

NOTHING = frozenset[tuple[str, int]]()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.listen(ports.free()) as listening:
        yield listening


async def post(url: str, *allowed: int, seconds: float = 30) -> Answer:
    sender = Sender(frozenset(("127.0.0.1", port) for port in allowed), at_once=5, seconds=seconds)
    try:
        return await sender(url, {"webhook-id": "evt_1"}, b"{}")
    finally:
        await sender.close()


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]"),
        *("[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "[fd00:ec2::254]"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_private_address_is_not_sent_to(receiver: Receiver, scheme: str, host: str) -> None:
    path = receiver.endpoint().rpartition("/")[2]

    got = await post(f"{scheme}://{host}:{receiver.port}/{path}")

    assert got.trouble == "forbidden"
    assert receiver.received(path) == []
    assert "not public" in verdict.in_words(got)


async def test_what_is_allowed_is_allowed_at_its_port_only(receiver: Receiver) -> None:
    url = receiver.endpoint()

    elsewhere = await post(url, receiver.port + 1)
    there = await post(url, receiver.port)

    assert (elsewhere.trouble, there.status) == ("forbidden", 204)


async def test_whoever_does_not_answer_is_not_waited_for(receiver: Receiver) -> None:
    got = await post(receiver.endpoint(SILENCE), receiver.port, seconds=0.3)

    assert (got.trouble, got.status) == ("timeout", 0)
    assert verdict.outcome(got) == "timeout"


async def test_whoever_never_ends_an_answer_is_not_waited_for(receiver: Receiver) -> None:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nslowly"

    got = await post(receiver.endpoint(begun), receiver.port, seconds=0.3)

    assert got.trouble == "timeout"


async def test_of_a_long_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    endless = b"HTTP/1.1 500 X\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 100_000

    got = await post(receiver.endpoint(endless), receiver.port)

    assert got.status == 500
    assert got.text == "x" * KEPT


async def test_an_answer_is_kept_as_text_that_a_table_can_hold(receiver: Receiver) -> None:
    got = await post(receiver.endpoint(answer(200, b"a\x00\xff\xe2\x82")), receiver.port)

    assert got.text == "a\ufffd\ufffd\ufffd"


@pytest.mark.parametrize(
    "rubbish", [b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n"]
)
async def test_what_does_not_speak_http_is_unreachable(receiver: Receiver, rubbish: bytes) -> None:
    got = await post(receiver.endpoint(rubbish), receiver.port, seconds=2)

    assert got.trouble in ("unreachable", "timeout")


async def test_nobody_there_and_no_such_name_are_told_apart() -> None:
    closed = ports.free()

    nobody = await post(f"http://127.0.0.1:{closed}/", closed)
    nameless = await post("https://no-such-host.invalid/")

    assert nobody.trouble == "unreachable"
    assert nameless.trouble == "unresolved"


@pytest.mark.parametrize(
    ("status", "good"), [(200, True), (204, True), (299, True), (301, False), (400, False)]
)
def test_2xx_is_accepted_and_nothing_else(status: int, good: bool) -> None:
    got = Answer(datetime.now(UTC), 1, status)

    assert verdict.accepted(got) is good
    assert bool(verdict.in_words(got)) is not good


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("", 0), ("soon", 0), ("-5", 0), ("1e999", 0)]
)
def test_it_is_asked_again_when_the_answer_says(header: str, seconds: float) -> None:
    got = Answer(datetime.now(UTC), 1, 503, retry_after=header)

    assert verdict.asked_to_wait(got) == timedelta(seconds=seconds)


def test_a_date_says_so_too() -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    got = Answer(datetime.now(UTC), 1, 429, retry_after=format_datetime(later, usegmt=True))

    waits = verdict.asked_to_wait(got)

    assert timedelta(hours=1.9) < waits <= timedelta(hours=2)
