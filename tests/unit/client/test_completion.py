"""What shells offer at the Tab key, as they ask for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clipforge_client import profiles
from clipforge_client.profiles import Profile, Profiles

CLIPFORGE = Path(sys.executable).with_name("clipforge")
ASKED = {
    "bash": lambda words: {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
    "zsh": lambda words: {"_TYPER_COMPLETE_ARGS": words},
    "fish": lambda words: {
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    },
}


def offered(shell: str, words: str, **env: str) -> str:
    """What is offered for the last of these words."""
    done = subprocess.run(
        [CLIPFORGE],
        env={
            **os.environ,
            **ASKED[shell](words),
            "_CLIPFORGE_COMPLETE": f"complete_{shell}",
            **env,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ASKED)
def test_commands_and_options_are_offered(shell: str) -> None:
    commands = offered(shell, "clipforge dead")
    options = offered(shell, "clipforge projects list --j")

    assert "dead-letters" in commands
    assert "webhooks" not in commands
    assert "--json" in options


@pytest.mark.parametrize("shell", ASKED)
def test_a_script_tells_the_shell_how_to_ask(shell: str) -> None:
    script = offered(shell, "", _CLIPFORGE_COMPLETE=f"source_{shell}")

    assert f"complete_{shell}" in script


def test_profiles_are_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    profiles.write(Profiles("", {"work": Profile(url="http://a", api_key="cf_a")}))

    assert offered("bash", "clipforge --profile w").split() == ["work"]
    assert offered("bash", "clipforge profiles use ").split() == ["work", "local"]


def test_a_gateway_that_does_not_answer_offers_nothing_and_says_nothing() -> None:
    assert (
        offered("bash", "clipforge projects show ", CLIPFORGE_URL="http://127.0.0.1:9").strip()
        == ""
    )
