"""Who may talk to whom: the policies are read as a network plugin reads them."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from chart.scenarios import golden, needs_helm, of_kind, pods, rendered

pytestmark = needs_helm()

NATS, POSTGRES, S3, HTTPS, OTLP = 4222, 5432, 9000, 443, 4318
WORKERS = ("import", "transcription", "clip-detection", "export", "maintenance", "webhooks")
OF_THE_STORE = WORKERS[:-1]
FOR_USERS = ("import", "webhooks")
PRIVATE = (
    "10.0.0.7",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.9",
    "127.0.0.1",
    "169.254.169.254",
    "192.0.2.2",
)
API_SERVER = "10.96.0.1"
METADATA = "169.254.169.254"
PUBLIC = "93.184.215.14"


@dataclass(frozen=True)
class Pod:
    """A pod somewhere in the cluster."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()


ANY_POD = Pod("elsewhere")
Place = str | Pod  # an address, or a pod


def reaches(objects: Any, component: str, to: Place, port: int, protocol: str = "TCP") -> bool:
    """Whether a component's egress rules let it through."""
    rules = of_kind(objects, "NetworkPolicy")[component]["spec"].get("egress", [])
    return any(
        _has_port(rule, port, protocol) and any(_is(peer, to) for peer in rule["to"])
        for rule in rules
    )


def lets_in(objects: Any, component: str, who: Place, port: str) -> bool:
    rules = of_kind(objects, "NetworkPolicy")[component]["spec"].get("ingress", [])
    return any(
        any(one["port"] == port for one in rule["ports"])
        and ("from" not in rule or any(_is(peer, who) for peer in rule["from"]))
        for rule in rules
    )


def _has_port(rule: dict[str, Any], port: int, protocol: str) -> bool:
    return any(
        one["protocol"] == protocol and one.get("port", port) == port for one in rule["ports"]
    )


def _is(peer: dict[str, Any], place: Place) -> bool:
    if block := peer.get("ipBlock"):
        if isinstance(place, Pod):
            return False  # as with plugins that know pods by identity
        inside = ip_address(place) in ip_network(block["cidr"])
        return inside and not any(
            ip_address(place) in ip_network(net) for net in block.get("except", [])
        )
    if isinstance(place, str):
        return False
    labels = dict(place.labels)
    wanted: dict[str, str] = peer.get("podSelector", {}).get("matchLabels", {})
    if "namespaceSelector" not in peer:
        return place.namespace == "clips" and wanted.items() <= labels.items()
    namespace = {"kubernetes.io/metadata.name": place.namespace}
    where: dict[str, str] = peer["namespaceSelector"].get("matchLabels", {})
    return where.items() <= namespace.items() and wanted.items() <= labels.items()


def test_whatever_is_not_listed_is_denied_to_every_pod_of_the_release() -> None:
    objects = golden("dev")
    policies = of_kind(objects, "NetworkPolicy")

    everything = policies["default-deny"]["spec"]

    assert everything["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & everything.keys()
    wanted = everything["podSelector"]["matchLabels"].items()
    made = [one for one in objects if one["kind"] in ("Deployment", "Job", "Pod")]
    assert len(made) == len(pods(objects))
    for one in made:
        labels = one.get("spec", {}).get("template", one)["metadata"]["labels"]
        assert wanted <= labels.items(), one["metadata"]["name"]
        assert labels["app.kubernetes.io/component"] in policies


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_reaches_the_log_and_no_database_and_the_store_where_it_needs_it(
    worker: str,
) -> None:
    objects = golden("minimal")

    assert reaches(objects, worker, ANY_POD, NATS)
    assert reaches(objects, worker, ANY_POD, S3) is (worker in OF_THE_STORE)
    assert not reaches(objects, worker, ANY_POD, POSTGRES)
    assert not reaches(objects, worker, "10.0.0.7", POSTGRES)


@pytest.mark.parametrize("component", ["gateway", "projector", "migrations"])
def test_what_reads_the_tables_reaches_them(component: str) -> None:
    assert reaches(golden("minimal"), component, ANY_POD, POSTGRES)
    assert reaches(golden("minimal"), component, "10.0.0.7", POSTGRES)


@pytest.mark.parametrize("port", [80, HTTPS, S3, 8080, NATS])
@pytest.mark.parametrize("address", [*PRIVATE, API_SERVER])
@pytest.mark.parametrize("component", FOR_USERS)
def test_what_calls_for_users_reaches_no_private_address(
    component: str, address: str, port: int
) -> None:
    for name in ("minimal", "dev"):
        assert not reaches(golden(name), component, address, port)


@pytest.mark.parametrize("port", [80, HTTPS, 8080])
@pytest.mark.parametrize("component", FOR_USERS)
def test_what_calls_for_users_reaches_the_public_internet(component: str, port: int) -> None:
    assert reaches(golden("minimal"), component, PUBLIC, port)


@pytest.mark.parametrize(
    "component", [*OF_THE_STORE[1:], "gateway", "projector", "migrations", "declare"]
)
def test_nobody_else_reaches_the_internet_at_large(component: str) -> None:
    assert not reaches(golden("minimal"), component, PUBLIC, HTTPS)


def test_only_stages_that_tell_how_busy_they_are_reach_the_api_server() -> None:
    telling = {"transcription", "clip-detection", "export"}
    objects = golden("minimal")

    assert {name for name in WORKERS if reaches(objects, name, API_SERVER, HTTPS)} == telling
    assert not reaches(objects, "gateway", API_SERVER, HTTPS)
    named = {"networkPolicy": {"apiServer": [{"ipBlock": {"cidr": "10.96.0.1/32"}}]}}
    assert reaches(rendered(named), "export", API_SERVER, HTTPS)
    assert not reaches(rendered(named), "export", "10.96.0.2", HTTPS)


@pytest.mark.parametrize("component", [*WORKERS, "gateway", "projector", "migrations", "declare"])
def test_nobody_reaches_the_metadata_service(component: str) -> None:
    for port in (80, HTTPS, NATS, POSTGRES, S3):
        assert not reaches(golden("minimal"), component, METADATA, port)


def test_metrics_are_for_the_monitoring_and_the_api_for_its_ingress() -> None:
    production = golden("production")

    assert lets_in(production, "export", Pod("monitoring"), "admin")
    assert not lets_in(production, "export", Pod("elsewhere"), "admin")
    assert lets_in(production, "gateway", Pod("ingress-nginx"), "http")
    assert not lets_in(production, "gateway", Pod("elsewhere"), "http")
    assert not any(lets_in(production, name, Pod("clips"), "http") for name in WORKERS)


def test_the_test_of_the_release_may_call_the_gateway_that_only_the_ingress_may() -> None:
    production = golden("production")
    test = next(one for one in production if one["kind"] == "Pod")
    labels = tuple(test["metadata"]["labels"].items())

    assert lets_in(production, "gateway", Pod("clips", labels), "http")


def test_a_named_place_of_a_server_is_the_only_one() -> None:
    place = [{"ipBlock": {"cidr": "10.1.0.0/24"}}]

    objects = rendered({"networkPolicy": {"s3": place, "postgres": place}})

    assert reaches(objects, "import", "10.1.0.5", S3)
    assert not reaches(objects, "import", ANY_POD, S3)
    assert not reaches(objects, "gateway", ANY_POD, POSTGRES)


def test_whoever_logs_errors_reaches_sentry_where_there_is_one() -> None:
    place = [{"ipBlock": {"cidr": "10.1.0.0/24"}}]
    told = {"existingSecret": "sentry", "port": 9100}

    objects = rendered({"networkPolicy": {"sentry": place}, "observability": {"sentry": told}})

    for component in (*WORKERS, "gateway", "projector"):
        assert reaches(objects, component, "10.1.0.5", 9100)
        assert not reaches(objects, component, "10.2.0.5", 9100)
        assert not reaches(golden("minimal"), component, "10.1.0.5", 9100)


def test_traces_reach_their_collector_where_there_is_one() -> None:
    told = {"observability": {"otlpEndpoint": "http://collector.monitoring:4318"}}
    place = {"networkPolicy": {"otlp": [{"ipBlock": {"cidr": "10.1.0.0/24"}}]}}

    anywhere, named = rendered(told), rendered({**told, **place})

    for component in (*WORKERS, "gateway", "projector"):
        assert reaches(anywhere, component, ANY_POD, OTLP)
        assert reaches(named, component, "10.1.0.5", OTLP)
        assert not reaches(named, component, ANY_POD, OTLP)
        assert not reaches(golden("minimal"), component, ANY_POD, OTLP)


def test_own_networks_with_public_addresses_are_not_reached_by_what_fetches() -> None:
    objects = rendered({"networkPolicy": {"ownPublic": ["93.184.215.0/24"]}})

    for port in (80, HTTPS, S3):
        assert not any(reaches(objects, name, PUBLIC, port) for name in FOR_USERS)
    assert all(reaches(objects, name, "93.184.216.14", HTTPS) for name in FOR_USERS)


def test_the_policies_can_be_left_to_others() -> None:
    assert of_kind(rendered({"networkPolicy": {"enabled": False}}), "NetworkPolicy") == {}
