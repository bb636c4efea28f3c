"""Groups that list where no command is named. They understand `list`, as other groups do."""

from typing import Any

from typer.core import TyperGroup


class Listing(TyperGroup):
    """For `typer.Typer(cls=Listing)`, with a callback that lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args[1:] if args[:1] == ["list"] else args)
