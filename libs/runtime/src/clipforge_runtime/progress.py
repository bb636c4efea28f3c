"""How a handler says how far it is, without knowing to whom."""

from collections.abc import Callable
from contextvars import ContextVar

Report = Callable[[float, str], None]
"""`report(percent, step)`: 0 to 100 and what is going on, in words. Cheap: call it often.

Every call also counts as a sign of life: a handler that reports nothing for its stage's stall limit
is taken for stuck.
"""


def _nobody_listens(percent: float, step: str) -> None:
    """Outside of a delivery, reports go nowhere."""


reporter: ContextVar[Report] = ContextVar("reporter", default=_nobody_listens)


def report(percent: float, step: str) -> None:
    """Report on the delivery in hand. Works in threads started by asyncio.to_thread, too."""
    reporter.get()(percent, step)
