"""Scale-in learns which pods are idle: told when it changes, and harmless where nobody listens."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from clipforge_runtime.deletion_cost import ANNOTATION, told_cost
from clipforge_runtime.own_pod import OwnPod, Pod, Unheard, own_pod
from workshop import eventually

OFTEN = 0.01  # seconds


@dataclass
class ApiServer:
    """What Kubernetes's API server does with a patch of a pod's annotations, and nothing else."""

    port: int
    status: int = 200
    asked: list[tuple[str, str, Any]] = field(default_factory=list)  # path, token, body


@pytest.fixture
def server() -> Iterator[ApiServer]:
    class Answers(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            assert self.headers["Content-Type"] == "application/merge-patch+json"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.asked.append((self.path, self.headers["Authorization"], body))
            said = json.dumps({"kind": "Pod" if api.status == 200 else "Status"}).encode()
            self.send_response(api.status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """A test's own asserts say what came."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    api = ApiServer(http.server_port)
    serving = threading.Thread(target=http.serve_forever, daemon=True)
    serving.start()
    yield api
    http.shutdown()
    http.server_close()
    serving.join()


@pytest.fixture
def pod(server: ApiServer, tmp_path: Path) -> OwnPod:
    (tmp_path / "token").write_text("first\n")
    where = f"http://127.0.0.1:{server.port}"
    return OwnPod("export-1", "clips", tmp_path / "token", server=where)


@dataclass
class Listener:
    """A pod whose cost is told to a list."""

    heard: list[str] = field(default_factory=list)
    refuses: bool = False

    async def annotate(self, name: str, value: str) -> None:
        assert name == ANNOTATION
        if self.refuses:
            raise Unheard("not now")
        self.heard.append(value)


def counted(outcome: str) -> float:
    labels = {"outcome": outcome}
    return REGISTRY.get_sample_value("clipforge_deletion_cost_total", labels) or 0.0


async def test_the_api_server_is_asked_for_one_annotation_of_the_own_pod(
    server: ApiServer, pod: OwnPod
) -> None:
    await pod.annotate(ANNOTATION, "3")
    pod.token.write_text("second")  # as the kubelet does within the hour
    await pod.annotate(ANNOTATION, "0")

    path = "/api/v1/namespaces/clips/pods/export-1"
    assert server.asked == [
        (path, "Bearer first", {"metadata": {"annotations": {ANNOTATION: "3"}}}),
        (path, "Bearer second", {"metadata": {"annotations": {ANNOTATION: "0"}}}),
    ]


async def test_a_refusal_says_what_the_server_said(server: ApiServer, pod: OwnPod) -> None:
    server.status = 403

    with pytest.raises(Unheard, match=r"answered 403.*Status"):
        await pod.annotate(ANNOTATION, "3")


async def test_a_server_that_is_away_is_said_to_be(pod: OwnPod) -> None:
    away = OwnPod("export-1", "clips", pod.token, server="http://127.0.0.1:9")

    with pytest.raises(Unheard, match="does not answer"):
        await away.annotate(ANNOTATION, "3")


async def test_outside_of_a_cluster_there_is_no_pod(tmp_path: Path) -> None:
    nowhere = own_pod(tmp_path)
    (tmp_path / "namespace").write_text("clips\n")

    there = own_pod(tmp_path)

    assert nowhere is None
    assert there is not None
    assert there.namespace == "clips"
    assert there.server.startswith("https://")
    assert there.authority == tmp_path / "ca.crt"


async def test_what_runs_is_told_when_it_changes_and_not_again() -> None:
    listener, looks = Listener(), 0
    course = [0, 0, 2, 2, 2, 1, 0]

    def running() -> int:
        nonlocal looks
        looks += 1
        return course[min(looks - 1, len(course) - 1)]

    async def looked() -> bool:
        return looks > len(course) + 2

    async with told_cost(listener, running, look=OFTEN, every=OFTEN):
        await eventually(looked)

    assert listener.heard == ["0", "2", "1", "0"]


async def test_that_a_pod_turns_busy_or_idle_is_told_at_once_and_how_busy_it_is_later() -> None:
    listener, looks = Listener(), 0
    course = [0, 3, 2, 1, 0, 4, 5]

    def running() -> int:
        nonlocal looks
        looks += 1
        return course[min(looks - 1, len(course) - 1)]

    async def looked() -> bool:
        return looks > len(course) + 2

    async with told_cost(listener, running, look=OFTEN, every=3600):
        await eventually(looked)

    assert listener.heard == ["0", "3", "0", "4"]


async def test_a_failure_is_counted_said_once_and_made_good(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = Listener(refuses=True)
    failed, told = counted("failed"), counted("told")

    async def refused() -> bool:
        return counted("failed") >= failed + 3

    async def heard() -> bool:
        return listener.heard == ["4"]

    async with told_cost(listener, lambda: 4, look=OFTEN, every=OFTEN):
        await eventually(refused)
        listener.refuses = False
        await eventually(heard)

    assert counted("told") == told + 1
    assert caplog.text.count("scale-in does not know") == 1


async def test_without_a_pod_nothing_is_told() -> None:
    nobody: Pod | None = None

    async with told_cost(nobody, lambda: 1 // 0, look=OFTEN, every=OFTEN):
        pass
