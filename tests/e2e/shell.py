"""Programs of the cluster, and what they say."""

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

LONGEST: Final = 600  # seconds that a program may take, unless its caller knows better


class Failed(Exception):
    """A step did not do what it should; the text says what, and what was seen."""


def run(*command: str, seconds: float = LONGEST, input: str | None = None) -> str:
    """What a program writes. Failed, with all that it said, where it does not end well."""
    try:
        done = subprocess.run(
            command, input=input, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{shlex.join(command)} is not over after {seconds:g} s") from late
    except FileNotFoundError as missing:
        raise Failed(f"{command[0]} is not installed") from missing
    if done.returncode != 0:
        raise Failed(
            f"{shlex.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def kubectl(*arguments: str, namespace: str = "", **more: Any) -> str:
    return run("kubectl", *(["-n", namespace] if namespace else []), *arguments, **more)


def apply(namespace: str, object_: Mapping[str, Any]) -> None:
    """Have an object as it is given."""
    run("kubectl", "-n", namespace, "apply", "-f", "-", input=json.dumps(object_))


def objects(kind: str, namespace: str, *arguments: str) -> list[dict[str, Any]]:
    """The objects of a kind."""
    found: dict[str, Any] = json.loads(
        kubectl("get", kind, "-o", "json", *arguments, namespace=namespace)
    )
    return list(found["items"])


def configured(name: str, default: str) -> Sequence[str]:
    """A command that the environment may replace."""
    return shlex.split(os.environ.get(name, default))


def eventually(what: str, holds: Callable[[], bool], *, within: float) -> float:
    """Wait until it holds; the seconds that it took. Failed where it never does."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise Failed(f"after {within:g} s still not: {what}")
        time.sleep(1)  # kubectl's own watches end with their connection
    return time.monotonic() - began
