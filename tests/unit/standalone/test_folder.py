"""The data folder: secrets and ports that stay, and one stack at a time."""

import socket
from pathlib import Path

import pytest

from clipforge_contracts.permissions import users
from clipforge_standalone import folder
from clipforge_standalone.folder import AlreadyRunning
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
    with folder.held(tmp_path), pytest.raises(AlreadyRunning, match="a stack is running"):
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
