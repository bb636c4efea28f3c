"""promtool, which parses rules as Prometheus does, and plays figures to them."""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.alert_cases import Case, Figures

SECONDS = 120


def promtool() -> str | None:
    """The program: that of `make setup`, else the one on PATH."""
    ours = Path(sysconfig.get_path("scripts")) / "promtool"
    return str(ours) if ours.exists() else shutil.which("promtool")


def needs_promtool() -> pytest.MarkDecorator:
    """`make setup` builds it where there is Go."""
    return pytest.mark.skipif(
        promtool() is None, reason="there is no promtool: install Go, and run `make setup`"
    )


def complaints(rules: dict[str, Any], folder: Path) -> str:
    """What promtool finds wrong with rules; empty where nothing."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    return _run("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml", folder=folder)


def play(rules: list[dict[str, Any]], figures: Figures, case: Case, folder: Path) -> float | None:
    """Show figures to rules, the last of which is an alert: how many of it fire, None: none do."""
    return firing(rules, figures, case.minutes * 60, folder, step=case.step)


def firing(
    rules: list[dict[str, Any]], figures: Figures, seconds: int, folder: Path, *, step: int = 1
) -> float | None:
    """How many of an alert, the last of the rules, fire after so long. `step`: see Case."""
    told = f'count(ALERTS{{alertname="{rules[-1]["alert"]}",alertstate="firing"}})'
    return ask(told, rules, figures, seconds, folder, step=step)


def pending_since(
    rules: list[dict[str, Any]], figures: Figures, case: Case, folder: Path
) -> float | None:
    """When an alert, the last of the rules, saw for the first time what it is for, in seconds."""
    told = f'min(ALERTS_FOR_STATE{{alertname="{rules[-1]["alert"]}"}})'
    return ask(told, rules, figures, case.minutes * 60, folder, step=case.step)


def ask(
    expression: str,
    rules: list[dict[str, Any]],
    figures: Figures,
    seconds: int,
    folder: Path,
    *,
    step: int = 1,
) -> float | None:
    """The value of an expression without labels, so long after figures were shown to rules."""
    test = {
        "interval": f"{step}m",
        "input_series": [{"series": one, "values": values} for one, values in figures.items()],
        "promql_expr_test": [
            {"expr": expression, "eval_time": f"{seconds}s", "exp_samples": []},
        ],
    }
    group = {"name": "played", "rules": rules}
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [group]}))
    whole = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{step}m",
        "tests": [test],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(whole))
    said = _run("test", "rules", "test.yaml", folder=folder)
    if not said:
        return None
    got = re.search(r"got: *\{\} (\S+)", said)
    assert got, said
    return float(got[1])


def _run(*arguments: str, folder: Path) -> str:
    program = promtool()
    assert program is not None
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
