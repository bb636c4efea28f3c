"""What every object keeps, whatever the values: security, sizes, names, probes."""

import re
from typing import Any

import pytest

from chart.scenarios import (
    GOLDEN,
    SHAPES,
    containers,
    golden,
    needs_helm,
    of_kind,
    pods,
    rendered,
    shape,
)

pytestmark = needs_helm()

LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


all_renders = pytest.mark.parametrize("name", [*GOLDEN, *SHAPES])


def made(name: str) -> Any:
    return golden(name) if name in GOLDEN else shape(name)


def backends(route: dict[str, Any]) -> set[tuple[str, int]]:
    """Services and ports to which an Ingress or an HTTPRoute leads."""
    rules = route["spec"]["rules"]
    if route["kind"] == "HTTPRoute":
        return {(one["name"], one["port"]) for rule in rules for one in rule["backendRefs"]}
    services = [one["backend"]["service"] for rule in rules for one in rule["http"]["paths"]]
    return {(one["name"], one["port"]["number"]) for one in services}


@all_renders
def test_every_pod_may_run_where_only_restricted_ones_may(name: str) -> None:
    for whose, pod in pods(made(name)).items():
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True, whose
        assert security["runAsUser"] == 10001, whose
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, whose
        assert not pod.get("hostNetwork", False), whose
        assert not any("hostPath" in volume for volume in pod.get("volumes", [])), whose
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, whose
            assert own["readOnlyRootFilesystem"] is True, whose
            assert own["capabilities"] == {"drop": ["ALL"]}, whose


@all_renders
def test_no_pod_holds_a_token_but_those_of_stages_that_tell_how_busy_they_are(name: str) -> None:
    objects = made(name)
    settings = of_kind(objects, "ConfigMap")
    deployments = of_kind(objects, "Deployment")
    telling = {
        component
        for component in deployments
        if "CLIPFORGE_POD_DELETION_COST" in settings[component]["data"]
    }

    for whose, pod in pods(objects).items():
        may = any(whose == f"Deployment/clips-clipforge-{one}" for one in telling)
        assert pod["automountServiceAccountToken"] is may, whose
        assert pod["enableServiceLinks"] is False, whose
    for account in of_kind(objects, "ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False
    assert of_kind(objects, "Role").keys() == of_kind(objects, "RoleBinding").keys() == telling
    assert not {"ClusterRole", "ClusterRoleBinding"} & {one["kind"] for one in objects}
    # What fetches addresses of users must not reach the API server, nor hold a key to it.
    assert "import" not in telling


@pytest.mark.parametrize("name", GOLDEN)
def test_a_stage_may_annotate_its_own_pod_and_do_nothing_else(name: str) -> None:
    objects = made(name)
    roles, bindings = of_kind(objects, "Role"), of_kind(objects, "RoleBinding")
    (policy,) = of_kind(objects, "ValidatingAdmissionPolicy").values()
    (bound,) = of_kind(objects, "ValidatingAdmissionPolicyBinding").values()

    (condition,) = policy["spec"]["matchConditions"]
    own, annotations = (one["expression"] for one in policy["spec"]["validations"])

    assert set(roles) == {"transcription", "clip-detection", "export"}
    for component, role in roles.items():
        (subject,) = bindings[component]["subjects"]
        assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}]
        assert bindings[component]["roleRef"]["name"] == role["metadata"]["name"]
        assert f"system:serviceaccount:clips:{subject['name']}" in condition["expression"]
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert "pod-name'] == [object.metadata.name]" in own
    assert "object.spec == oldObject.spec" in annotations
    assert bound["spec"] == {
        "policyName": policy["metadata"]["name"],
        "validationActions": ["Deny"],
    }


@pytest.mark.parametrize(
    "values",
    [
        {"autoscaling": {"deletionCost": {"enabled": False}}},
        {"autoscaling": {"mode": "none"}},
    ],
    ids=["not wanted", "nothing scales in"],
)
def test_where_nobody_asks_which_pod_goes_there_is_no_token(values: dict[str, Any]) -> None:
    objects = rendered(values)

    assert {"Role", "RoleBinding", "ValidatingAdmissionPolicy"}.isdisjoint(
        one["kind"] for one in objects
    )
    assert not any(pod["automountServiceAccountToken"] for pod in pods(objects).values())


@all_renders
def test_every_container_says_what_it_needs(name: str) -> None:
    for whose, pod in pods(made(name)).items():
        for container in containers(pod):
            resources = container["resources"]
            assert {"cpu", "memory", "ephemeral-storage"} <= resources["requests"].keys(), whose
            assert {"memory", "ephemeral-storage"} <= resources["limits"].keys(), whose
            # What is throttled misses its heartbeats.
            assert "cpu" not in resources["limits"], whose


@all_renders
def test_every_image_has_a_version(name: str) -> None:
    for whose, pod in pods(made(name)).items():
        for container in containers(pod):
            version = re.search(r"[:@]([\w.:-]+)$", container["image"])
            assert version, whose
            assert version[1] != "latest", whose


@all_renders
def test_names_and_labels_are_short_and_plain_enough(name: str) -> None:
    for one in made(name):
        assert len(one["metadata"]["name"]) <= 63
        for label, value in one["metadata"].get("labels", {}).items():
            assert LABEL.fullmatch(value), (one["metadata"]["name"], label)


@all_renders
def test_every_selector_finds_its_pods_and_no_others(name: str) -> None:
    objects = made(name)
    labels = {
        component: one["spec"]["template"]["metadata"]["labels"]
        for component, one in of_kind(objects, "Deployment").items()
    }

    for component, one in of_kind(objects, "Deployment").items():
        assert one["spec"]["selector"]["matchLabels"].items() <= labels[component].items()
    for kind in ("Service", "PodDisruptionBudget"):
        for component, one in of_kind(objects, kind).items():
            selector = one["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            found = {name for name, own in labels.items() if wanted.items() <= own.items()}
            assert found == {component}, kind


@all_renders
def test_every_reference_leads_to_an_object_of_the_release(name: str) -> None:
    objects = made(name)
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}

    for pod in pods(objects).values():
        if "serviceAccountName" in pod:
            assert ("ServiceAccount", pod["serviceAccountName"]) in there
        for container in containers(pod):
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    assert ("ConfigMap", source["configMapRef"]["name"]) in there
        for volume in pod.get("volumes", []):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in there
    for one in objects:
        if one["kind"] in ("HorizontalPodAutoscaler", "ScaledObject"):
            assert ("Deployment", one["spec"]["scaleTargetRef"]["name"]) in there
    services = {
        (one["metadata"]["name"], port["port"])
        for one in of_kind(objects, "Service").values()
        for port in one["spec"]["ports"]
    }
    for one in objects:
        if one["kind"] in ("Ingress", "HTTPRoute"):
            assert backends(one) <= services


@all_renders
def test_no_secret_is_made_or_shown(name: str) -> None:
    secret = re.compile("PASSWORD|SECRET|ACCESS_KEY|API_KEY|DATABASE_URL|NATS_URL")
    objects = made(name)

    assert of_kind(objects, "Secret") == {}
    for one in of_kind(objects, "ConfigMap").values():
        assert not [key for key in one.get("data", {}) if secret.search(key)]
    for whose, pod in pods(objects).items():
        for container in containers(pod):
            for variable in container.get("env", []):
                if secret.search(variable["name"]) and variable["name"] != "CLIPFORGE_NATS_URL":
                    assert "secretKeyRef" in variable["valueFrom"], whose


@all_renders
def test_probes_ask_the_admin_port_and_liveness_asks_nothing_of_others(name: str) -> None:
    for component, one in of_kind(made(name), "Deployment").items():
        (container,) = one["spec"]["template"]["spec"]["containers"]
        asked = {
            probe: container[f"{probe}Probe"]["httpGet"]
            for probe in ("startup", "liveness", "readiness")
        }
        assert {get["port"] for get in asked.values()} == {"admin"}, component
        assert asked["startup"]["path"] == asked["liveness"]["path"] == "/health/live"
        assert asked["readiness"]["path"] == "/health/ready"
        # Its own check gives up after three seconds.
        assert all(container[f"{probe}Probe"]["timeoutSeconds"] >= 5 for probe in asked)


@all_renders
def test_a_pod_has_more_time_to_end_than_its_work_may_use(name: str) -> None:
    objects = made(name)
    settings = of_kind(objects, "ConfigMap")

    for component, one in of_kind(objects, "Deployment").items():
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        before = (
            container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        )
        work = float(settings[component]["data"]["CLIPFORGE_GRACE_SECONDS"])
        assert work >= 5
        assert before + work + 10 <= pod["terminationGracePeriodSeconds"], component


@all_renders
def test_a_drain_of_a_node_is_never_kept_waiting_for_ever(name: str) -> None:
    objects = made(name)
    budgets = of_kind(objects, "PodDisruptionBudget")

    assert budgets.keys() == of_kind(objects, "Deployment").keys()
    for one in budgets.values():
        assert "minAvailable" not in one["spec"]
        assert one["spec"]["maxUnavailable"] not in (0, "0%")


@all_renders
def test_a_change_of_settings_starts_the_pods_anew(name: str) -> None:
    for one in of_kind(made(name), "Deployment").values():
        assert one["spec"]["template"]["metadata"]["annotations"]["checksum/config"]


def test_another_setting_changes_the_pods_of_its_component_only() -> None:
    before = of_kind(rendered({}), "Deployment")

    changed = {"components": {"export": {"settings": {"CLIPFORGE_LOG_LEVEL": "DEBUG"}}}}
    after = of_kind(rendered(changed), "Deployment")

    assert {name for name in before if before[name] != after[name]} == {"export"}


def test_whatever_leads_in_leads_to_the_port_of_the_gateways_service() -> None:
    routes = {
        "ingress": {"enabled": True, "hosts": ["a.example.com", "b.example.com"]},
        "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}]},
        "s3": {"publicEndpoint": "https://media.example.com"},
        "components": {"gateway": {"service": {"port": 8080}}},
    }

    objects = rendered(routes)

    for kind in ("Ingress", "HTTPRoute"):
        (route,) = of_kind(objects, kind).values()
        assert backends(route) == {("clips-clipforge-gateway", 8080)}
    (port,) = of_kind(objects, "Service")["gateway"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (8080, "http")


@all_renders
def test_the_pods_of_a_deployment_are_spread_over_nodes_and_zones(name: str) -> None:
    for component, one in of_kind(made(name), "Deployment").items():
        spread = one["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == [
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        ], component
        for each in spread:
            assert each["labelSelector"] == one["spec"]["selector"], component
            # A cluster of one node takes them, too; and old pods do not count in a rollout.
            assert each["whenUnsatisfiable"] == "ScheduleAnyway"
            assert each["matchLabelKeys"] == ["pod-template-hash"]


def test_what_users_wait_for_goes_before_workers_which_push_nobody_away() -> None:
    objects = golden("production")
    classes = {one["metadata"]["name"]: one for one in objects if one["kind"] == "PriorityClass"}
    of = {
        component: classes[one["spec"]["template"]["spec"]["priorityClassName"]]
        for component, one in of_kind(objects, "Deployment").items()
    }

    serving = {component for component, one in of.items() if one["value"] == 100000}

    assert serving == {"gateway", "projector"}
    assert {one["preemptionPolicy"] for name, one in of.items() if name not in serving} == {"Never"}
    assert all(of[name]["preemptionPolicy"] == "PreemptLowerPriority" for name in serving)
    for whose, pod in pods(golden("minimal")).items():
        assert "priorityClassName" not in pod, whose


@pytest.mark.parametrize("name", ["minimal", "hooks", "no migrations"])
def test_what_reads_the_tables_waits_for_their_migrations(name: str) -> None:
    waiting = {
        component: one["spec"]["template"]["spec"].get("initContainers", [])
        for component, one in of_kind(made(name), "Deployment").items()
    }

    reads = {"gateway", "projector"} if name != "no migrations" else set()
    assert {component for component, before in waiting.items() if before} == reads
    for component in reads:
        (container,) = waiting[component]
        assert container["name"] == "wait-for-schema"
        assert container["image"] == "clipforge/projector:0.1.0"
        assert "CLIPFORGE_DATABASE_URL" in {one["name"] for one in container["env"]}
