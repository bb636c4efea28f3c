"""The guide for operators, as somebody would follow it."""

import os
import re
import sys
from pathlib import Path
from typing import Final

from e2e.shell import Failed, run
from render.chart import ROOT

GUIDE: Final = ROOT / "docs/guides/operations.md"
SECONDS: Final = 1800  # of all of it; each rollout has ten minutes
BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What forwards a port ends with the shell: all of its session but itself.
AT_THE_END: Final = """trap 'said=$?; trap "" TERM; kill -- -$$; exit $said' EXIT\n"""


def follow(namespace: str, job: str) -> None:
    """Run every command of the guide, one after the other, in one shell.

    Failed where they do not tell of a job that has failed.
    """
    commands = "".join(BLOCK.findall(GUIDE.read_text()))
    ours = Path(sys.executable).parent  # where `clipforge` is
    script = f'cd "{ROOT}"\nPATH="{ours}:$PATH"\nexport NS={namespace}\n{AT_THE_END}{commands}'
    home = os.environ.get("HOME", "/")
    shell = ("setsid", "--wait", "bash", "-euo", "pipefail", "-c", script)
    said = run("env", f"HOME={home}", *shell, seconds=SECONDS)
    # It stands among the dead letters and the jobs, and is done after all: as another job, whose id
    # is the last that is said.
    if (
        said.count(job) < 2
        or re.fullmatch(r"job_\w+", last := said.split()[-1]) is None
        or last == job
    ):
        raise Failed(f"the guide does not tell of {job}, which has failed:\n{said[-3000:]}")
