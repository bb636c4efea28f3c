"""The pages of the problems, at the addresses that their types name."""

from typing import Final

from fastapi import APIRouter, Response

from clipforge_gateway import remedies
from clipforge_gateway.problems import BASE, CATALOGUE, NOT_FOUND, Problem

router = APIRouter(prefix=BASE.rstrip("/"), include_in_schema=False)

KINDS: Final = {kind.code: kind for kind in CATALOGUE}
MARKDOWN: Final = "text/markdown; charset=utf-8"


@router.get("")
async def problems() -> Response:
    return Response(remedies.index(), media_type=MARKDOWN)


@router.get("/{code}")
async def problem(code: str) -> Response:
    """For whoever follows the `type` of an answer; the list links to pages with `.md`."""
    kind = KINDS.get(code.removesuffix(".md"))
    if kind is None:
        raise Problem(
            NOT_FOUND, "There is no problem of this name. /problems lists those there are."
        )
    return Response(remedies.page(kind), media_type=MARKDOWN)
