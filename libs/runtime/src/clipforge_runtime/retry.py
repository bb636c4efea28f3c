"""When to try again."""

import random
from datetime import timedelta

from clipforge_contracts.pipeline import Attempts


def backoff(policy: Attempts, attempt: int) -> timedelta:
    """The wait after the failure of `attempt` (from 1): full jitter below first x 2^(attempt - 1).

    Full jitter spreads jobs that failed together (Brooker, "Exponential Backoff And Jitter", 2015).
    """
    doublings = min(attempt - 1, 30)
    ceiling: timedelta = min(policy.first * 2**doublings, policy.cap)
    return ceiling * random.random()  # noqa: S311  (spread, not secrecy)
