"""What is told to whoever installs the chart: commands that work with the values given."""

from typing import Any

import pytest

from chart.scenarios import GOLDEN, MINIMAL, needs_helm
from render import chart

pytestmark = needs_helm()

TEST = "helm -n clips test clips"
ALONE = "WARNING: there may be one pod of {} only"


def told(values: dict[str, Any] | None = None, file: str = "minimal") -> str:
    return chart.notes(GOLDEN[file], values=values)


def test_a_trial_is_told_its_next_commands() -> None:
    notes = told(file="dev")

    assert TEST in notes
    assert "port-forward service/clips-clipforge-gateway 8000:80 &" in notes
    assert "get secret clipforge-api-key -o 'jsonpath={.data.api-key}'" in notes
    assert "get hpa -l app.kubernetes.io/instance=clips" in notes


def test_the_port_is_that_of_the_service() -> None:
    notes = told({"components": {"gateway": {"service": {"port": 8080}}}})

    assert "gateway 8000:8080 &" in notes


def test_a_key_with_a_dot_is_found() -> None:
    notes = told({"auth": {"bootstrapKey": {"existingSecret": "first", "key": "api.key"}}})

    assert r"jsonpath={.data.api\.key}" in notes


def test_without_a_key_nobody_is_sent_to_a_test_that_is_not_there() -> None:
    notes = told()

    assert TEST not in notes
    assert "WARNING: auth.bootstrapKey.existingSecret is empty" in notes
    assert TEST in told({"test": {"existingSecret": "key-of-the-test"}})


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"ingress": {"enabled": True, "hosts": ["a.example.com"]}}, "http://a.example.com"),
        (
            {
                "ingress": {
                    "enabled": True,
                    "hosts": ["a.example.com"],
                    "tls": [{"secretName": "a"}],
                }
            },
            "https://a.example.com",
        ),
        (
            {
                "httpRoute": {
                    "enabled": True,
                    "parentRefs": [{"name": "public"}],
                    "hostnames": ["b.example.com"],
                }
            },
            "https://b.example.com",
        ),
    ],
    ids=["ingress", "ingress with tls", "gateway api"],
)
def test_the_address_is_the_one_that_leads_in(values: dict[str, Any], url: str) -> None:
    notes = told({**values, "s3": {"publicEndpoint": "https://media.example.com"}})

    assert f"export CLIPFORGE_URL={url}\n" in notes
    assert "port-forward" not in notes


def test_what_users_wait_for_is_warned_of_where_it_is_alone() -> None:
    assert ALONE.format("gateway") in told(file="dev")
    assert "components.gateway.autoscaling.minReplicas to 2" in told(file="dev")
    assert "components.projector.replicas to 2" in told(file="dev")
    assert "there may be one pod" not in told(file="production")


def test_an_autoscaler_without_a_metric_is_warned_of() -> None:
    assert "no external metrics API" in told()
    assert "no external metrics API" not in told({"autoscaling": {"mode": "cpu"}})


def test_what_nobody_scrapes_is_warned_of() -> None:
    assert "nothing scrapes these pods" in told()
    assert "nothing scrapes" not in told({"observability": {"scrapeAnnotations": True}})


def test_without_the_gateway_nothing_is_said_of_the_api() -> None:
    notes = told({"components": {"gateway": {"enabled": False}}})

    assert "Reach the API" not in notes
    assert "bootstrapKey" not in notes


def test_the_notes_are_those_of_the_release() -> None:
    assert told().startswith("ClipForge 0.1.0 is being installed as clips.")
    assert chart.notes(MINIMAL, values={"image": {"tag": "1.2.3"}}).startswith("ClipForge 1.2.3 ")
