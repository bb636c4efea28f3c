"""Which processes a stack has, and with which settings."""

from pathlib import Path

import pytest

from clipforge_contracts.permissions import users
from clipforge_contracts.pipeline import PIPELINE
from clipforge_standalone.plan import Addresses, Service, services, slots
from clipforge_standalone.servers.ports import Ports


@pytest.fixture
def planned(tmp_path: Path) -> dict[str, Service]:
    addresses = Addresses(
        nats={name: f"nats://{name}:secret@127.0.0.1:4222" for name in users()},
        database="postgresql://here",
        s3_endpoint="http://127.0.0.1:9000",
        s3_access="access",
        s3_secret="secret",
        s3_blobs=tmp_path / "blobs",
    )
    ports = Ports(tmp_path / "ports.json")
    made = services(tmp_path, addresses, ports, api_key="cf_key", webhooks_key="k" * 32, cores=2)
    return {service.name: service for service in made}


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 8, 64])
def test_what_computes_shares_the_cores(cores: int) -> None:
    found = slots(cores)

    assert found["transcription"] + found["export"] <= max(2, cores)
    assert min(found.values()) >= 1


def test_every_stage_has_a_worker_with_a_nats_user_of_its_own(planned: dict[str, Service]) -> None:
    assert set(planned) == {"gateway", "projector", *(stage.name for stage in PIPELINE)}
    for name, service in planned.items():
        assert f"//{name}:" in service.env["CLIPFORGE_NATS_URL"]


def test_only_the_gateway_and_the_projector_know_the_database(planned: dict[str, Service]) -> None:
    knowing = {name for name, one in planned.items() if "CLIPFORGE_DATABASE_URL" in one.env}

    assert knowing == {"gateway", "projector"}


def test_no_two_services_share_an_admin_port(planned: dict[str, Service]) -> None:
    assert len({service.admin_port for service in planned.values()}) == len(planned)


def test_what_the_user_has_set_wins_over_the_slots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPFORGE_EXPORT_CONCURRENCY", "7")
    addresses = Addresses(dict.fromkeys(users(), "nats://x"), "", "", "", "", None)

    made = services(
        tmp_path, addresses, Ports(tmp_path / "p"), api_key="k", webhooks_key="w", cores=2
    )

    [export] = [service for service in made if service.name == "export"]
    assert export.env["CLIPFORGE_EXPORT_CONCURRENCY"] == "7"
