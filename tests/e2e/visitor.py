"""A pod beside the product that uses it as anybody would: by its API."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from e2e.bystander import FILES, stand_by
from e2e.shell import Failed, kubectl
from render.chart import CHART

NAME: Final = "visitor"
MODULE: Final = "inside"
SCRIPTS: Final = (
    *(
        Path(__file__).with_name(f"{name}.py")
        for name in (MODULE, "films", "traffic", "belongings")
    ),
    CHART / "files/test/through_every_stage.py",
)
CALL_SECONDS: Final = 900  # the longest command: a backlog on a small node


class Visitor:
    """Runs commands of inside.py."""

    def __init__(self, namespace: str, release: str, image: str) -> None:
        self._namespace = namespace
        stand_by(
            *(namespace, NAME, image),
            env={
                "GATEWAY": f"http://{release}-clipforge-gateway.{namespace}",
                "FILM": f"{FILES}/{MODULE}.py",  # of the chart's test, which is not run here
                "TIMEOUT_SECONDS": str(CALL_SECONDS),
            },
            secrets={"CLIPFORGE_API_KEY": ("clipforge-api-key", "api-key")},
            files={file.name: file.read_text() for file in SCRIPTS},
        )
        self.ask("arrive")

    def film(self, seconds: int) -> None:
        """Make the film that is submitted from now on."""
        self.ask("film", str(seconds))

    def submit(self, number: int) -> list[str]:
        """So many new projects."""
        projects: list[str] = self.ask("submit", str(number))
        return projects

    def finish(self, projects: list[str]) -> dict[str, int]:
        """Wait until all of them are ready. Failed where one is lost."""
        done: dict[str, int] = self.ask("finish", *projects)
        return done

    def state(self, project: str) -> str:
        """Of a project, now."""
        found: str = self.ask("call", "GET", f"/v1/projects/{project}")["state"]
        return found

    def through(self) -> None:
        """One film, to its exported clip. Failed where it does not come through."""
        self.ask("through")

    def refused(self) -> str:
        """The job of a film that is none, which fails for good."""
        job: str = self.ask("refused")
        return job

    def inventory(self) -> dict[str, int]:
        """How much of each kind there is; each export's clip is read to its end."""
        found: dict[str, int] = self.ask("inventory")
        return found

    @contextmanager
    def busy(self) -> Iterator[dict[str, float]]:
        """Traffic while the body runs. The result is filled once all of it has come to its end."""
        said: dict[str, float] = {}
        self._exec("rm", "-f", "/tmp/stop")  # noqa: S108  (the pod's own)
        command = ["kubectl", "-n", self._namespace, *self._inside("traffic")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as traffic:
            try:
                yield said
            finally:
                self._exec("touch", "/tmp/stop")  # noqa: S108  (the same)
            out, _ = traffic.communicate(timeout=CALL_SECONDS)
        if traffic.returncode != 0:
            raise Failed(f"the traffic did not come through:\n{out[-3000:]}")
        said.update(json.loads(out.splitlines()[-1]))

    def ask(self, *arguments: str) -> Any:
        """What a command of inside.py says. Failed where it does not end well."""
        out = self._kubectl(*self._inside(*arguments), seconds=CALL_SECONDS + 60)
        return json.loads(out.splitlines()[-1])

    def _inside(self, *arguments: str) -> tuple[str, ...]:
        return ("exec", NAME, "--", "python", "-m", f"e2e.{MODULE}", *arguments)

    def _exec(self, *command: str) -> None:
        self._kubectl("exec", NAME, "--", *command)

    def _kubectl(self, *arguments: str, **more: Any) -> str:
        return kubectl(*arguments, namespace=self._namespace, **more)
