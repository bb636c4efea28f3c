"""The data folder: secrets and ports that stay, and one stack at a time."""

import socket
from pathlib import Path

import pytest

from clipforge_contracts.permissions import users
from clipforge_standalone import folder
from clipforge_standalone.folder import AlreadyRunning, Unusable
from clipforge_standalone.servers.ports import Ports


def test_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = folder.load_secrets(tmp_path)

    assert folder.load_secrets(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert len(set(first.values())) == len(first)


def test_a_service_of_a_newer_version_gets_a_secret_and_the_others_keep_theirs(
    tmp_path: Path,
) -> None:
    first = folder.load_secrets(tmp_path)
    file = tmp_path / "secrets.json"
    file.write_text(file.read_text().replace("nats_export", "nats_before"))

    second = folder.load_secrets(tmp_path)

    assert {f"nats_{name}" for name in users()} <= set(second)
    assert second["api_key"] == first["api_key"]


def test_two_stacks_do_not_share_a_folder(tmp_path: Path) -> None:
    second = folder.held(tmp_path)
    with (
        folder.held(tmp_path),
        pytest.raises(AlreadyRunning, match=r"is running in .* already, as process [0-9]+"),
    ):
        second.__enter__()

    with folder.held(tmp_path):
        pass


def test_a_named_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPFORGE_DATA_DIR", str(tmp_path))

    assert folder.default() == tmp_path


def test_ports_stay_the_same_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    port = Ports(file).get("gateway")

    assert Ports(file).get("gateway") == port


def test_a_port_that_somebody_took_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    port = Ports(file).get("gateway")

    with socket.create_server(("127.0.0.1", port)):
        other = Ports(file).get("gateway")

    assert other != port
    assert Ports(file).get("gateway") == other


def test_a_port_is_kept_for_its_server_until_that_listens(tmp_path: Path) -> None:
    """Nobody else is given it: not who asks for any port, nor who connects to somebody."""
    port = Ports(tmp_path / "ports.json").get("gateway")

    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))

    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_folder_of_somebody_else_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.load_secrets(tmp_path)
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(Unusable, match=r"belongs to .*CLIPFORGE_DATA_DIR"), folder.held(tmp_path):
        pass


def test_a_full_disk_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "LEAST_BYTES", 2**62)

    with pytest.raises(Unusable, match=r"is full: [0-9]+ MB are free"), folder.held(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_said_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(Unusable, match="cannot be used: Not a directory"),
        folder.held(tmp_path / "file" / "data"),
    ):
        pass


def test_damaged_secrets_are_not_replaced_by_new_ones(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"postgres": "abc')

    with pytest.raises(Unusable, match="is damaged"):
        folder.load_secrets(tmp_path)


def test_half_written_ports_are_found_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"gateway": 12')

    assert Ports(tmp_path / "ports.json").get("gateway") > 0
