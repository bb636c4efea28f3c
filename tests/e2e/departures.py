"""With which code pods end while something happens to them."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Final

OURS: Final = "app.kubernetes.io/part-of=clipforge,pod-template-hash"  # those of Deployments
CODE: Final = "{.status.containerStatuses[*].state.terminated.exitCode}"
LINE: Final = "{.metadata.name} {.metadata.deletionTimestamp} " + CODE + '{"\\n"}'


@contextlib.contextmanager
def departures(namespace: str) -> Iterator[dict[str, int]]:
    """Exit codes by pod, filled at the end: of each that was asked to go, and went.

    A pod that is gone before the watch has told of its end is not among them.
    """
    codes: dict[str, int] = {}
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
            match line.split():
                case [pod, _, code]:
                    codes[pod] = int(code)
