"""Cursors: opaque, and only ours."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforge_catalog.queries.page import Cursor
from clipforge_contracts import ids
from clipforge_gateway import cursors
from clipforge_gateway.problems import Problem
from samples import PROJECT


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_comes_back_as_it_was(sequence: int) -> None:
    cursor = Cursor(sequence, ids.new("prj"))

    text = cursors.write(cursor)

    assert text is not None
    assert text.isascii()
    assert cursors.read(text) == cursor


def test_the_end_of_a_list_has_no_cursor() -> None:
    assert cursors.write(None) is None
    assert cursors.read(None) is None
    assert cursors.read("") is None


@given(st.text(min_size=1, max_size=500))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="not one of ours"):
        cursors.read(text)


@pytest.mark.parametrize(
    "place",
    [{}, [], [1], [1, 2], ["1", "prj"], [-1, PROJECT], [2**63, PROJECT], [1.5, ""]],
    ids=repr,
)
def test_a_place_that_no_row_can_have_is_refused(place: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()

    with pytest.raises(Problem, match="not one of ours"):
        cursors.read(text)
