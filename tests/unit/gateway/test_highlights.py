"""Highlights: where in a text the words of a search are."""

from clipforge_gateway.routes.search import highlights


def test_marks_of_the_database_become_places_in_the_text() -> None:
    assert highlights("one two", "one \ue000two\ue001", "two") == [(4, 7)]
    assert highlights("nothing", "nothing", "else") == []


def test_what_the_database_left_out_is_stepped_over() -> None:
    marked = "a  \ue000c\ue001  \ue000d\ue001"

    assert highlights("a <b>c</b> d", marked, "c d") == [(5, 6), (11, 12)]


def test_scripts_without_spaces_are_found_by_their_letters() -> None:
    assert highlights("動画を処理", "動画を処理", "処理") == [(3, 5)]
