"""What is to go one day: its answers say so (RFC 9745, RFC 8594), and the OpenAPI document does.

A route names it among its dependencies: `dependencies=[Depends(Going(since, until))]`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

NOTICE: Final = timedelta(days=183)  # half a year: see docs/guides/api.md, "Versions"


@dataclass(frozen=True)
class Going:
    """An operation, or one parameter of its query, that works until a day and not beyond."""

    since: date
    until: date
    parameter: str = ""

    def __post_init__(self) -> None:
        if self.until - self.since < NOTICE:
            raise ValueError(f"say it {NOTICE.days} days ahead at least")

    async def __call__(self, request: Request, response: Response) -> None:
        if not self.parameter or self.parameter in request.query_params:
            response.headers["Deprecation"] = f"@{_midnight(self.since).timestamp():.0f}"
            response.headers["Sunset"] = format_datetime(_midnight(self.until), usegmt=True)


def tell(routes: Iterable[Any], paths: dict[str, Any]) -> None:
    """Mark in a document what is to go."""
    for route in routes:
        for one in route.dependencies if isinstance(route, APIRoute) else ():
            if isinstance(one.dependency, Going):
                for method in route.methods:
                    operation, name = paths[route.path][method.lower()], one.dependency.parameter
                    named = [each for each in operation["parameters"] if each["name"] == name]
                    for each in named if name else [operation]:
                        each["deprecated"] = True


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
