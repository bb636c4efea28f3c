"""Runs that were stopped are found again by what was asked for."""

from pathlib import Path

import pytest

from clipforge_standalone.runs import Runs, key_of


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "talk.mp4"
    file.write_bytes(b"one")
    return file


def test_a_run_is_remembered_until_it_is_done(tmp_path: Path) -> None:
    Runs(tmp_path).remember("talk", "prj_1")

    assert Runs(tmp_path).find("talk") == "prj_1"
    assert Runs(tmp_path).find("other") == ""
    Runs(tmp_path).forget("talk")
    assert Runs(tmp_path).find("talk") == ""


def test_memory_is_bounded_and_survives_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipforge_standalone.runs.MOST", 2)
    runs = Runs(tmp_path)
    for name in ("first", "second", "third"):
        runs.remember(name, f"prj_{name}")

    assert [runs.find(name) for name in ("first", "third")] == ["", "prj_third"]
    (tmp_path / "runs.json").write_text('{"third": "pr')
    assert runs.find("third") == ""


def test_another_film_or_another_wish_is_another_run(film: Path) -> None:
    same = key_of(str(film), False, {"clips": 1})

    assert key_of(str(film), False, {"clips": 1}) == same
    assert key_of(str(film), False, {"clips": 2}) != same
    film.write_bytes(b"another")
    assert key_of(str(film), False, {"clips": 1}) != same
