"""Ids: derived ones follow from their parts, and only well-formed ones pass."""

from hypothesis import given
from hypothesis import strategies as st

from clipforge_contracts import ids

parts = st.lists(st.text(max_size=8), min_size=1, max_size=4)


@given(parts, parts)
def test_other_parts_give_another_id(one: list[str], other: list[str]) -> None:
    assert (ids.derive("evt", *one) == ids.derive("evt", *other)) == (one == other)


def test_a_new_id_is_of_its_kind_only() -> None:
    made = ids.new("prj")

    assert ids.is_id(made, "prj")
    assert not ids.is_id(made, "ten")
    assert not ids.is_id("prj_../../etc", "prj")
    assert not ids.is_id("", "prj")


def test_a_replay_is_a_job_of_its_own() -> None:
    assert ids.job("export", "exp_1") == ids.job("export", "exp_1")
    assert ids.job("export", "exp_1", 1) != ids.job("export", "exp_1")
