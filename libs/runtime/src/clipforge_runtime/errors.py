"""The errors a handler may raise, and what each one means for the delivery.

* ClipForgeError
  + Transient   try again later: the world was unwell (timeouts, 5xx, out of memory)
  + Permanent   never try again: the input is wrong (not a video, forbidden address)

Anything else is a bug. It is retried like Transient, and logged with its traceback.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from clipforge_contracts.facts import Fact

Told = Callable[[int, datetime | None], Sequence[Fact]]
"""`told(attempt, next_at)`: what is to be stated of an attempt that failed; None: the last one."""


def nothing(attempt: int, next_at: datetime | None) -> Sequence[Fact]:
    """Most failures are stated once, when the job is given up."""
    return ()


class ClipForgeError(Exception):
    """Base of every error we raise on purpose."""


class Transient(ClipForgeError):
    """Worth another attempt. The message is shown to the user once attempts are used up.

    `after` is how soon at the earliest; the policy may wait for longer.
    """

    def __init__(
        self, sentence: str, *, after: timedelta = timedelta(0), told: Told = nothing
    ) -> None:
        super().__init__(sentence)
        self.after = after
        self.told = told


class Permanent(ClipForgeError):
    """Not worth another attempt.

    The message is a sentence for the user: what is wrong, and what to do. `reason` is a code that
    programs can branch on (`not-a-video`, `forbidden-address`, ...); `detail` is for the operator.
    """

    def __init__(
        self,
        sentence: str,
        *,
        reason: str = "permanent",
        detail: str = "",
        told: Told = nothing,
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.detail = detail
        self.told = told


class Overloaded(Transient):
    """It was too much for this machine: memory ran out, a child was killed, or it stood still.

    It is tried again with less (see strain), and given up where that does not help either.
    """
