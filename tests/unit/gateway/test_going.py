"""What is to go says so: in each answer, and in the document."""

from datetime import date
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from clipforge_gateway import openapi
from clipforge_gateway.going import Going

WHOLE = Going(date(2026, 1, 1), date(2026, 9, 1))
PART = Going(date(2026, 2, 1), date(2026, 9, 1), parameter="style")


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/old", dependencies=[Depends(WHOLE)])
    async def old(limit: int = 1) -> int:
        return limit

    @app.get("/new", dependencies=[Depends(PART)])
    async def new(style: str = "", look: Annotated[str, "instead"] = "") -> str:
        return style or look

    return app


async def test_answers_say_until_when_it_works(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        old = await http.get("/old")
        with_part = await http.get("/new", params={"style": "pop"})
        without = await http.get("/new", params={"look": "pop"})

    assert old.headers["deprecation"] == "@1767225600"
    assert old.headers["sunset"] == "Tue, 01 Sep 2026 00:00:00 GMT"
    assert with_part.headers["deprecation"] == "@1769904000"
    assert not {"deprecation", "sunset"} & set(without.headers)


def test_the_document_says_it_of_the_operation_or_of_the_parameter(app: FastAPI) -> None:
    paths = openapi.document(app)["paths"]

    marks = {one["name"]: one.get("deprecated") for one in paths["/new"]["get"]["parameters"]}
    assert paths["/old"]["get"]["deprecated"] is True
    assert "deprecated" not in paths["/new"]["get"]
    assert (marks["style"], marks["look"]) == (True, None)


def test_it_is_said_half_a_year_ahead() -> None:
    with pytest.raises(ValueError, match="183 days"):
        Going(date(2026, 1, 1), date(2026, 6, 1))
