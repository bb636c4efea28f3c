"""How many jobs of one tenant run at once, and for how long what is beyond waits."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from clipforge_contracts.plans import Plan
from clipforge_runtime.settings import RuntimeSettings

FIRST: Final = timedelta(seconds=5)
TOGETHER: Final = timedelta(seconds=3)
CAP: Final = timedelta(seconds=80)


@dataclass(frozen=True)
class Limits:
    """Running deliveries of one tenant in one stage, by plan, over all replicas."""

    running: Mapping[Plan, int] = field(default_factory=dict[Plan, int])  # none: no limit

    @classmethod
    def of(cls, settings: RuntimeSettings) -> "Limits":
        """The limits that an operator has set; 0 is no limit."""
        found = {
            Plan.BUSINESS: settings.running_limit_business,
            Plan.PRO: settings.running_limit_pro,
            Plan.FREE: settings.running_limit_free,
        }
        return cls({plan: limit for plan, limit in found.items() if limit})

    def of_plan(self, plan: Plan) -> int | None:
        """How many of a tenant may run; None where there is no limit."""
        return self.running.get(plan)


def deferral(before: int) -> timedelta:
    """How long a job over the limit waits that was deferred so often `before`.

    5 s at first, then twice as long each time up to 80 s, with a quarter of jitter: a thousand
    jobs of one tenant knock 12 times a second in all, not 200.
    """
    step: timedelta = min(FIRST * 2 ** min(before, 10), CAP)
    return step * (1 + random.random() / 4)  # noqa: S311  (spread, not secrecy)


def together() -> timedelta:
    """How long a job waits while another one of its group is at work, which may do it along."""
    return TOGETHER * (1 + random.random() / 4)  # noqa: S311  (the same)
