"""How the command shows its usage, and refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from clipforge_client import cli, endings


def refused(*words: str) -> str:
    """What is said to somebody who uses it wrongly."""
    ended = CliRunner().invoke(cli.assemble(), words, prog_name="clipforge")
    assert ended.exit_code == endings.USAGE, ended.output
    return ended.stderr


def test_a_value_that_is_none_of_the_choices_is_refused_in_one_sentence() -> None:
    said = refused("projects", "create", "talk.mp4", "--quality", "best")

    assert "Error: Invalid value for '--quality': 'best' is not one of 'draft', 'standard'." in said


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (("projects", "create"), "clipforge projects create [OPTIONS] FILM\n"),
        (("dead-letters", "replay"), "clipforge dead-letters replay [OPTIONS] [JOB]...\n"),
    ],
)
def test_usage_names_arguments_as_help_and_refusals_do(words: tuple[str, ...], usage: str) -> None:
    assert usage in refused(*words)


def test_a_profile_that_is_named_behind_the_command_is_told_its_place() -> None:
    assert "clipforge --profile NAME" in refused("projects", "list", "--profile", "work")


def test_a_command_that_there_is_not_is_told_its_neighbour() -> None:
    assert "Did you mean 'projects'?" in refused("projcts", "list")


def commands(group: Any, *names: str) -> Iterator[tuple[str, Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, *names, name)
        else:
            yield " ".join((*names, name)), one


def test_every_command_but_the_stack_itself_speaks_json() -> None:
    mute = {
        name
        for name, command in commands(typer.main.get_command(cli.assemble()))
        if not any("--json" in one.opts for one in command.params)
    }

    assert mute == {"up"}
