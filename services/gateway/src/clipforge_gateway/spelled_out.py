"""Addresses that are spelled out beside a template, such as /v1/presets/built-in: no ids.

A router goes on to the template where the method is not one of theirs, and would refuse the word as
an id (422). They take their own methods, and no others (405).
"""

from collections.abc import Iterable
from typing import Final, NoReturn

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route, compile_path

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def close(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Refuse every other method at such an address of these routers."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    templates = [compile_path(route.path)[0] for route in routes if "{" in route.path]
    for path in sorted({route.path for route in routes if "{" not in route.path}):
        if any(template.match(path) for template in templates):
            own = {
                method for route in routes if route.path == path for method in route.methods or ()
            }
            others = sorted(METHODS - own)
            app.router.routes.insert(0, Route(path, _refuse, methods=others))


async def _refuse(_: Request) -> NoReturn:
    raise HTTPException(405)
