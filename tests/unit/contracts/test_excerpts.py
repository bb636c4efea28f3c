"""Excerpts: what is said in a part of a film."""

from hypothesis import given
from hypothesis import strategies as st

from clipforge.v1.documents_pb2 import Word
from clipforge_contracts.excerpts import said_between, shortened

WORDS = [
    Word(text=text, start_ms=1000 * n, end_ms=1000 * n + 600)
    for n, text in enumerate(["Why", "do", "queues", "lose", "work?"], start=10)
]


def test_the_text_of_a_clip_is_what_captions_show() -> None:
    assert said_between(WORDS, 10_400, 13_200) == "do queues"
    assert said_between(WORDS, 0, 5000) == ""


@given(st.text(max_size=300), st.integers(2, 200))
def test_a_text_is_shortened_to_what_fits(text: str, letters: int) -> None:
    assert len(shortened(text, letters)) <= letters
