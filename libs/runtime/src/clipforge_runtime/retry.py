"""When to try again."""

import random
from datetime import timedelta
from typing import Final

from clipforge_contracts.pipeline import Attempts

JITTER: Final = 0.2  # of a wait that the policy names
FARTHEST: Final = timedelta(hours=24)  # that the log schedules ahead


def wait(policy: Attempts, attempt: int, *, after: timedelta) -> timedelta:
    """The wait after the failure of `attempt`, and no less than whoever refused it asked for."""
    return min(max(backoff(policy, attempt), after), FARTHEST)


def backoff(policy: Attempts, attempt: int) -> timedelta:
    """The wait after the failure of `attempt` (from 1): full jitter below first x 2^(attempt - 1).

    Full jitter spreads jobs that failed together (Brooker, "Exponential Backoff And Jitter", 2015).
    """
    if policy.waits:
        named = policy.waits[min(attempt, len(policy.waits)) - 1]
        return named * (1 - JITTER * random.random())  # noqa: S311  (spread, not secrecy)
    doublings = min(attempt - 1, 30)
    ceiling: timedelta = min(policy.first * 2**doublings, policy.cap)
    return ceiling * random.random()  # noqa: S311  (spread, not secrecy)
