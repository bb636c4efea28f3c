"""With which code pods end while something happens to them."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Final

OURS: Final = "app.kubernetes.io/part-of=clipforge,pod-template-hash"  # those of Deployments
CONTAINER: Final = ".status.containerStatuses[*]"
FIELDS: Final = (
    ".metadata.name",
    ".metadata.deletionTimestamp",
    f"{CONTAINER}.ready",
    f"{CONTAINER}.state.terminated.exitCode",
)
LINE: Final = "|".join(f"{{{field}}}" for field in FIELDS) + '{"\\n"}'
BY_SIGTERM: Final = 143


@contextlib.contextmanager
def departures(namespace: str) -> Iterator[dict[str, int]]:
    """Exit codes by pod, filled at the end: of each that was asked to go, and went.

    A pod that is gone before the watch has told of its end is not among them, nor is one whose
    start was ended by SIGTERM: it had nothing in hand, and nothing that would hear of it.
    """
    codes: dict[str, int] = {}
    served = set()
    command = ["kubectl", "-n", namespace, "get", "pods", "-l", OURS, "--watch"]
    # Into a file: a pipe that nobody empties meanwhile would hold up who writes.
    with tempfile.TemporaryFile("w+") as told:
        watch = subprocess.Popen([*command, "-o", f"jsonpath={LINE}"], stdout=told)
        try:
            yield codes
        finally:
            watch.terminate()
            watch.wait()
        told.seek(0)
        for line in told:
            pod, asked, ready, code = line.rstrip("\n").split("|")
            if ready == "true":
                served.add(pod)
            if asked and code and (pod in served or int(code) != BY_SIGTERM):
                codes[pod] = int(code)
