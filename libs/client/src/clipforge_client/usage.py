"""How a command shows its usage, and refuses: in words of the field, not of a library."""

from typing import Any, Final

import typer
from typer.core import TyperCommand

BRACES: Final = str.maketrans("", "", "{}")  # typer's, around an argument that must be there
ITS_WORDS: Final = "Value error, "  # pydantic's, before a sentence that is whole without them


class Command(TyperCommand):
    """A command whose arguments are called alike in its usage, its help and its refusals."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.translate(BRACES) for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(ITS_WORDS)
            raise
        except typer.TyperException as error:
            if error.message.endswith("--profile"):
                error.message += ". It stands before the command: clipforge --profile NAME ..."
            raise
