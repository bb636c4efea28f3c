"""What a value says of pods is said of all pods: none is taken and then forgotten."""

from typing import Any

from chart.scenarios import EXTRA, needs_helm, of_kind, pods, rendered, shape

pytestmark = needs_helm()

SET = "everything set"


def templates() -> dict[str, dict[str, Any]]:
    """What makes the pods of components, by component: metadata and spec."""
    made = {}
    for one in shape(SET):
        spec = one.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            made[one["metadata"]["labels"]["app.kubernetes.io/component"]] = template
    return made


def test_there_are_pods_of_every_kind() -> None:
    kinds = {whose.split("/")[0] for whose in pods(shape(SET))}

    assert kinds == {"Deployment", "Job", "CronJob", "Pod"}
    assert {"gateway", "export", "migrations", "declare", "backup"} <= templates().keys()


def test_every_pod_is_what_its_values_say() -> None:
    for component, template in templates().items():
        pod = template["spec"]
        assert template["metadata"]["labels"]["team"] == "video", component
        assert template["metadata"]["annotations"]["note"] == "x", component
        for key in ("nodeSelector", "tolerations", "affinity"):
            assert pod[key] == EXTRA[key], component
        assert EXTRA["extraVolumes"][0] in pod["volumes"], component
        (container,) = pod["containers"]
        assert EXTRA["extraEnv"][0] in container["env"], component
        assert EXTRA["extraEnvFrom"][0] in container["envFrom"], component
        assert EXTRA["extraVolumeMounts"][0] in container["volumeMounts"], component
        for one in (container, *pod.get("initContainers", [])):
            assert one["image"].endswith(f"@{EXTRA['image']['digest']}"), component


def test_every_pod_may_pull_from_the_registry() -> None:
    for whose, pod in pods(shape(SET)).items():
        assert pod["imagePullSecrets"] == [{"name": "registry"}], whose


def test_the_test_of_the_release_may_run_where_the_others_do() -> None:
    pod = pods(shape(SET))["Pod/clips-clipforge-test"]

    for key in ("nodeSelector", "tolerations"):
        assert pod[key] == EXTRA[key]


def test_every_policy_lets_through_what_is_said_beside() -> None:
    policies = of_kind(shape(SET), "NetworkPolicy")

    for component in templates():
        assert EXTRA["extraEgress"][0] in policies[component]["spec"]["egress"], component
        assert EXTRA["extraIngress"][0] in policies[component]["spec"]["ingress"], component


def test_every_account_has_its_annotations() -> None:
    accounts = of_kind(shape(SET), "ServiceAccount")

    for component in templates():
        assert accounts[component]["metadata"]["annotations"] == {"role": "clips"}, component


def test_another_name_is_that_of_every_object() -> None:
    for one in rendered({"nameOverride": "films"}):
        assert "clips-films-" in one["metadata"]["name"]
        assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "films"


def test_an_image_may_lie_elsewhere() -> None:
    elsewhere = {"repository": "reg.example.com/a/clipforge/export", "tag": "1.2.3"}

    objects = rendered({"image": {"registry": "r"}, "components": {"export": {"image": elsewhere}}})

    (export, *_) = of_kind(objects, "Deployment")["export"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert export["image"] == "reg.example.com/a/clipforge/export:1.2.3"


def test_a_job_that_says_something_else_is_another_job() -> None:
    values = {"components": {"migrations": {"podAnnotations": {"note": "another"}}}}

    before, after = (
        of_kind(rendered(one), "Job")["migrations"]["metadata"]["name"] for one in ({}, values)
    )

    # What a Job says of its pods cannot be changed.
    assert before != after
