"""Plans and priorities, and the one table that maps plan x stage to priority.

A plan is what a tenant has; a priority is what a delivery has (subject token, consumer suffix).
"""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from clipforge.v1 import common_pb2


class Plan(StrEnum):
    """What a tenant has bought, best first."""

    BUSINESS = "business"
    PRO = "pro"
    FREE = "free"

    @property
    def wire(self) -> common_pb2.Plan.ValueType:
        """The enum value that travels in messages."""
        return common_pb2.Plan.Value(f"PLAN_{self.name}")

    @classmethod
    def read(cls, wire: common_pb2.Plan.ValueType) -> "Plan":
        """The plan that a message names. ValueError where it names none."""
        return _PLANS.get(wire) or cls(common_pb2.Plan.Name(wire).removeprefix("PLAN_").lower())


_PLANS: Final = {plan.wire: plan for plan in Plan}


class Priority(StrEnum):
    """How soon a delivery is served, soonest first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


# Shares of the slots while all four wait ; the lowest keeps one in 29, so nothing starves.
WEIGHTS: Final[dict[Priority, int]] = {
    Priority.CRITICAL: 16,
    Priority.HIGH: 8,
    Priority.NORMAL: 4,
    Priority.LOW: 1,
}

_PIPELINE: Final = {
    Plan.BUSINESS: Priority.HIGH,
    Plan.PRO: Priority.NORMAL,
    Plan.FREE: Priority.LOW,
}
# A person waits for an export, so each plan's exports go one class above its pipeline work.
_EXPORT: Final = {
    Plan.BUSINESS: Priority.CRITICAL,
    Plan.PRO: Priority.HIGH,
    Plan.FREE: Priority.NORMAL,
}


# Deliveries of one tenant that run at once in one stage, over all replicas, unless settings differ.
RUNNING: Final[dict[Plan, int]] = {Plan.BUSINESS: 8, Plan.PRO: 4, Plan.FREE: 2}

# The longest clip that somebody may cut by hand: what the platforms of short videos take, and what
# an export renders in bearable time.
LONGEST_CLIP: Final[dict[Plan, timedelta]] = {
    Plan.BUSINESS: timedelta(minutes=30),
    Plan.PRO: timedelta(minutes=10),
    Plan.FREE: timedelta(minutes=3),
}


def deferrable(stage: str) -> Priority:
    """The priority of the work that is held back while a stage is busy: that of the free plan."""
    return priority_of(Plan.FREE, stage)


def priority_of(plan: Plan, stage: str | None) -> Priority:
    """The priority of a delivery to `stage`; facts that feed no stage go with the pipeline's."""
    if stage == "maintenance":
        return Priority.LOW
    return _EXPORT[plan] if stage == "export" else _PIPELINE[plan]
