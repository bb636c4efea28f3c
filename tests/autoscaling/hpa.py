"""The autoscaler of Kubernetes, as its documentation and replica_calculator.go tell.

For one external metric with a target of the kind AverageValue, as the chart renders them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SYNC = 15  # seconds between two looks
TOLERANCE = 0.1


@dataclass
class Hpa:
    """One HorizontalPodAutoscaler with its memory."""

    target: float
    least: int
    most: int
    behavior: Mapping[str, Any]
    recommended: list[tuple[int, int]] = field(default_factory=list)  # (when, how many)
    changed: list[tuple[int, int]] = field(default_factory=list)  # (when, by how many)

    @classmethod
    def of(cls, rendered: Mapping[str, Any]) -> "Hpa":
        """What a rendered object says."""
        spec = rendered["spec"]
        (metric,) = spec["metrics"]
        target = float(metric["external"]["target"]["averageValue"])
        return cls(target, spec["minReplicas"], spec["maxReplicas"], spec["behavior"])

    def decide(self, now: int, replicas: int, outstanding: int) -> int:
        """How many pods there shall be."""
        wanted = self._proportional(replicas, outstanding)
        wanted = min(max(wanted, self.least), self.most)
        self.recommended.append((now, wanted))
        wanted = self._stabilised(now, replicas, wanted)
        if wanted > replicas:
            wanted = min(wanted, self._limit(now, replicas, "scaleUp"))
        elif wanted < replicas:
            wanted = max(wanted, self._limit(now, replicas, "scaleDown"))
        if wanted != replicas:
            self.changed.append((now, wanted - replicas))
        return wanted

    def _proportional(self, replicas: int, outstanding: int) -> int:
        if replicas:
            more = outstanding / (self.target * replicas) - 1
            way = self.behavior["scaleUp" if more > 0 else "scaleDown"]
            if abs(more) <= float(way.get("tolerance", TOLERANCE)):
                return replicas
        return math.ceil(outstanding / self.target)

    def _stabilised(self, now: int, replicas: int, wanted: int) -> int:
        """The highest of the last minutes before going down, the lowest before going up."""
        up, down = (
            [n for when, n in self.recommended if now - when <= self._window(way)]
            for way in ("scaleUp", "scaleDown")
        )
        return min(max(replicas, min(up)), max(down)) if wanted != replicas else wanted

    def _window(self, way: str) -> int:
        return int(self.behavior[way]["stabilizationWindowSeconds"])

    def _limit(self, now: int, replicas: int, way: str) -> int:
        sign = 1 if way == "scaleUp" else -1
        limits = []
        for policy in self.behavior[way]["policies"]:
            since = now - policy["periodSeconds"]
            began: int = replicas - sum(by for when, by in self.changed if when > since)
            if policy["type"] == "Pods":
                limits.append(began + sign * int(policy["value"]))
            elif sign > 0:
                limits.append(math.ceil(began * (1 + policy["value"] / 100)))
            else:
                limits.append(int(began * (1 - policy["value"] / 100)))
        most = self.behavior[way]["selectPolicy"] == "Max"
        return max(limits) if most == (sign > 0) else min(limits)
