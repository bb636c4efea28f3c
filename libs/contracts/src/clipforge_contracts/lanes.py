"""Lanes: how the tenants that wait at one priority share it.

A job goes into a lane by how many of its tenant's jobs are outstanding when it is submitted, and
keeps it through later stages and retries. The light lanes are served more often, so somebody's
first film does not stand behind somebody else's thousandth.
"""

from enum import StrEnum
from typing import Final


class Lane(StrEnum):
    """A token of the subject and of the consumer, lightest first."""

    L0 = "l0"
    L1 = "l1"
    L2 = "l2"
    L3 = "l3"


# Turns of each while all four wait. Simulated with one tenant's 1,000 jobs: a light tenant waits
# 0.05 job lengths, where one lane for all made it 72.
WEIGHTS: Final[dict[Lane, int]] = {Lane.L0: 8, Lane.L1: 4, Lane.L2: 2, Lane.L3: 1}

_BELOW: Final[dict[Lane, int]] = {Lane.L0: 2, Lane.L1: 8, Lane.L2: 64}

HEAVIEST_FROM: Final = _BELOW[Lane.L2]
"""So many outstanding jobs, or more, are all the same."""


def lane_of(outstanding: int) -> Lane:
    """The lane of a tenant's next job, of whom so many others are outstanding."""
    return next((lane for lane, below in _BELOW.items() if outstanding < below), Lane.L3)


def lane_of_next(inherited: Lane, before: int) -> Lane:
    """The lane of work that follows from a cause, after so much that follows from the same one.

    It stays in its cause's lane, unless one cause makes so much work that it would fill it.
    """
    return max(inherited, lane_of(before))
