"""Headers on the wire: what is written is read, and no value begins another header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge_runtime.jetstream import headers

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])).map(str.strip)


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read(sent: dict[str, str]) -> None:
    assert headers.read(headers.write(sent)) == sent


@pytest.mark.parametrize("value", ["a\r\nNats-Msg-Id: b", "a\nb", "a\rb", "\n"])
def test_a_value_cannot_begin_another_header(value: str) -> None:
    with pytest.raises(ValueError, match="end of a line"):
        headers.write({"cf-attempt": value})
    with pytest.raises(ValueError, match="end of a line"):
        headers.write({value: "1"})


@pytest.mark.parametrize(
    ("block", "read"),
    [
        (b"NATS/1.0 404 No Messages\r\n\r\n", {"Status": "404", "Description": "No Messages"}),
        (b"NATS/1.0 503\r\n\r\n", {"Status": "503", "Description": ""}),
        (
            b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Stream: 7\r\n\r\n",
            {"Status": "100", "Description": "Idle Heartbeat", "Nats-Last-Stream": "7"},
        ),
        (
            b"NATS/1.0\r\nce-id:evt_1\r\nce-time: 12:30\r\n\r\n",
            {"ce-id": "evt_1", "ce-time": "12:30"},
        ),
    ],
)
def test_what_the_server_says_by_itself_is_a_status(block: bytes, read: dict[str, str]) -> None:
    assert headers.read(block) == read
