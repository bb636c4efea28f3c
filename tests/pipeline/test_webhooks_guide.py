"""The guide to webhooks, followed from top to end: its commands, its receiver, its Python."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clipforge_client.client import Client
from clipforge_standalone.stack import Stack
from workshop import PATIENCE

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

GUIDE = (Path(__file__).parents[2] / "docs/guides/webhooks.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
SHELL = [text for kind, text in BLOCKS if kind == "sh"]
[RECEIVER] = [text for kind, text in BLOCKS if kind == "py"]
[PROGRAM] = [text for kind, text in BLOCKS if kind == "python"]


def test_the_guide_works_as_it_is_written(
    stack: Stack, client: Client, webhook_port: int, tmp_path: Path
) -> None:
    address = f"http://127.0.0.1:{webhook_port}/"
    add, by_curl, try_out, when_it_fails, enable, rotate = SHELL
    mine = {"https://example.com/hooks": address}

    webhook, secret = run(stack, add, mine).split()
    made = json.loads(run(stack, by_curl, mine))
    client.delete_webhook(made["id"])  # the same once more: one will do
    with receiver(secret, webhook_port, tmp_path / "heard") as heard:
        mine["whk_1"] = webhook
        sent = run(stack, try_out, mine).split()[0]
        accepted = run_python(stack, PROGRAM)
        mine["dlv_1"] = sent
        run(stack, when_it_fails, mine)
        run(stack, enable, mine)
        newer = run(stack, rotate, mine).split()[1]
        late = client.send_test_event(webhook)
        deadline = time.monotonic() + PATIENCE
        while not client.webhook_delivery(webhook, late.id).over and time.monotonic() < deadline:
            pass

    assert made["secret"].startswith("whsec_")
    assert newer != secret
    assert "accepted" in accepted
    assert client.webhook_delivery(webhook, late.id).state == "delivered", "both secrets check it"
    # Of the same message once, however often it came: the redelivery is not printed.
    told = re.findall(r"^webhook\.test .*'webhook_id': '(\w+)'", heard.read_text(), re.MULTILINE)
    assert told == 3 * [webhook]
    client.delete_webhook(webhook)


@contextmanager
def receiver(secret: str, port: int, log: Path) -> Iterator[Path]:
    """The receiver of the page, and what it prints."""
    env = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", RECEIVER], env=env, stdout=out)
        try:
            yield log
        finally:
            process.kill()
            process.wait()


def run(stack: Stack, script: str, instead: dict[str, str]) -> str:
    """What a block of the page prints, with the reader's own ids and address."""
    for ours, theirs in instead.items():
        script = script.replace(ours, theirs)
    return ended(["bash", "-euo", "pipefail", "-c", script], stack)


def run_python(stack: Stack, program: str) -> str:
    return ended([sys.executable, "-c", program], stack)


def ended(argv: list[str], stack: Stack) -> str:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        **os.environ,
        "PATH": tools,
        "CLIPFORGE_URL": stack.url,
        "CLIPFORGE_API_KEY": stack.api_key,
    }
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
