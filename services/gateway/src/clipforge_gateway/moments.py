"""Times and days in requests: neither JSON nor a query has any, so they come as text."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator, Field

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _written(moment: object) -> object:
    """Seconds since 1970 are none: nobody could read them, and the document does not name them."""
    if isinstance(moment, date) or (isinstance(moment, str) and _DATE.match(moment)):
        return moment
    raise ValueError("it is written as in 2026-01-31, and a time as in 2026-01-31T12:00:00Z")


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written)]
CalendarDay = Annotated[date, Field(strict=False), BeforeValidator(_written)]
