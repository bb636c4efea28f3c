"""What pods may not do on this cluster: each wall is pushed at from inside."""

import json
from typing import Final

from e2e.bystander import stand_by
from e2e.shell import Failed, kubectl, objects, run

CONNECT: Final = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def is_open(place):
    host, port = place.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True

places = sys.argv[1:]
with ThreadPoolExecutor() as at_once:
    print(json.dumps([p for p, found in zip(places, at_once.map(is_open, places)) if found]))
"""
# What a pod may do with its token to pods: its own annotations, and nothing else.
PATCH: Final = """
import json, sys
from dataclasses import replace
from clipforge_runtime.own_pod import Unheard, own_pod

own = own_pod()
other = replace(own, name=sys.argv[1])
cost = {"controller.kubernetes.io/pod-deletion-cost": "1"}

def said(pod, metadata):
    try:
        pod._patch({"metadata": metadata})
    except Unheard as refused:
        return str(refused)
    return "taken"

print(json.dumps({
    "own annotation": said(own, {"annotations": cost}),
    "own label": said(own, {"labels": {"moved": "away"}}),
    "another's annotation": said(other, {"annotations": cost}),
}))
"""
POSTGRES, NATS, S3 = "postgres:5432", "nats:4222", "s3:9000"
API_SERVER, METADATA = "kubernetes.default:443", "169.254.169.254:80"
PLACES: Final = (POSTGRES, NATS, S3, API_SERVER, METADATA)
# Nobody answers at the metadata service's address in a cluster of one's own, and no pod can have
# it. One at a private address stands for it: the same exceptions keep `import` from both.
STAND_IN: Final = "metadata"
STAND_IN_PORT: Final = 8080
LISTEN: Final = f"""
import socket, threading

def answer():
    with socket.create_server(("", {STAND_IN_PORT})) as listening:
        while True:
            listening.accept()[0].close()

threading.Thread(target=answer, daemon=True).start()
"""
REACHED: Final = {
    "gateway": {POSTGRES, NATS, S3},
    "projector": {POSTGRES, NATS, S3},
    "import": {NATS, S3},
    "transcription": {NATS, S3, API_SERVER},
    "clip-detection": {NATS, S3, API_SERVER},
    "export": {NATS, S3, API_SERVER},
    "maintenance": {NATS, S3},
    "webhooks": {NATS},
}
# Those that tell their own pod's deletion cost may patch pods.
PATCHING: Final = {name for name, reached in REACHED.items() if API_SERVER in reached}
# What every account may ask, and nothing of the namespace's.
COMMON: Final = ("reviews", "clustertrustbundles")


def stand(namespace: str, release: str, image: str) -> None:
    """Failed, with all that is open, where one of them does not stand. `image`: one of ours."""
    faults = [
        *_network(namespace, release, image),
        *_accounts(namespace, release),
        *_tokens(namespace, release),
        *_privileges(namespace),
    ]
    if faults:
        raise Failed("walls have holes:\n" + "\n".join(faults))


def _network(namespace: str, release: str, image: str) -> list[str]:
    stand_by(namespace, STAND_IN, image, env={}, secrets={}, first=LISTEN)
    stand_by(namespace, "free", image, env={}, secrets={})
    address = "jsonpath={.status.podIP}"
    private = kubectl("get", "pod", STAND_IN, "-o", address, namespace=namespace)
    places = (*PLACES, f"{private}:{STAND_IN_PORT}")

    def reached(pod: str) -> set[str]:
        command = ("exec", pod, "--", "python", "-c", CONNECT, *places)
        return set(json.loads(kubectl(*command, namespace=namespace)))

    faults = []
    # Whom no policy of ours holds reaches all that there is: else a wall may be none.
    if missing := set(places) - {METADATA} - reached("free"):
        faults.append(f"nobody at all reaches {sorted(missing)}")
    for component, wanted in REACHED.items():
        if (found := reached(f"deploy/{release}-clipforge-{component}")) != wanted:
            faults.append(f"{component} reaches {sorted(found)}, not {sorted(wanted)}")
    kubectl("delete", "pod", STAND_IN, "free", "--wait=false", namespace=namespace)
    return faults


def _accounts(namespace: str, release: str) -> list[str]:
    faults = []
    for component in REACHED:
        account = f"system:serviceaccount:{namespace}:{release}-clipforge-{component}"
        said = kubectl(
            "auth", "can-i", "--list", "--no-headers", "--as", account, namespace=namespace
        )
        resources = [line.split()[0] for line in said.splitlines() if line[:1].strip()]
        more = [one for one in resources if not any(word in one for word in COMMON) and one != "[]"]
        named = [one for one in more if not one.startswith("[")]
        if named != (["pods"] if component in PATCHING else []):
            faults.append(f"{component}'s account may do something with {named}")
    return faults


def _tokens(namespace: str, release: str) -> list[str]:
    others = "app.kubernetes.io/component=gateway"
    [another, *_] = objects("pods", namespace, "-l", others)
    faults = []
    for component in sorted(PATCHING):
        pod = f"deploy/{release}-clipforge-{component}"
        program = ("python", "-c", PATCH, another["metadata"]["name"])
        command = ("exec", pod, "-c", component, "--", *program)
        for what, said in json.loads(kubectl(*command, namespace=namespace)).items():
            wanted = "taken" if what == "own annotation" else "denied request"
            if wanted not in said:
                faults.append(f"{component} patches {what}: {said}")
    return faults


def _privileges(namespace: str) -> list[str]:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": namespace},
        "spec": {"containers": [{"name": "root", "image": "clipforge/servers:dev"}]},
    }
    try:
        run("kubectl", "create", "--dry-run=server", "-f", "-", input=json.dumps(pod))
    except Failed as refused:
        return [] if "violates PodSecurity" in str(refused) else [str(refused)]
    return ["a pod that may run as root is let in"]
