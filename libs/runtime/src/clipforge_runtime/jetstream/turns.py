"""Whose turn it is: smooth weighted round robin over those that may have something waiting."""

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Queue(NamedTuple):
    """One queue: which group it is of, and which one in the group."""

    group: int
    member: int


class Turns:
    """Turns of some queues, by index. While all wait, each gets its weight's share of every round.

    A queue that is found empty is no contender of that turn: it neither saves up turns for later
    nor costs the others any. (The form that nginx uses takes every weight off whoever is served;
    here that would put a queue which was busy alone far behind all others.)
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self._weights = tuple(weights)
        self._credits = [0] * len(weights)

    def take(self, contenders: Collection[int]) -> int:
        """Whose turn it is among those that may have something; it is charged for it."""
        total = 0
        for one, weight in enumerate(self._weights):
            if one in contenders:
                self._credits[one] += weight
                total += weight
            else:
                self._credits[one] = 0
        served = max(contenders, key=lambda one: (self._credits[one], self._weights[one]))
        self._credits[served] -= total
        return served

    def give_back(self, served: int, contenders: Collection[int]) -> None:
        """It had nothing after all: the turn has cost nobody anything, nor gained."""
        for one in contenders:
            self._credits[one] -= self._weights[one]
            self._credits[served] += self._weights[one]


class GroupedTurns:
    """Turns of queues in groups: the groups share by their weights, then each group's members.

    So a group gets no more for having many members that wait, and no less for having light ones.
    """

    def __init__(self, groups: Sequence[int], members: Sequence[int]) -> None:
        self._groups = Turns(groups)
        self._members = [Turns(members) for _ in groups]

    def take(self, contenders: Collection[Queue]) -> Queue:
        """Whose turn it is among those that may have something; it is charged for it."""
        group = self._groups.take({queue.group for queue in contenders})
        members = {queue.member for queue in contenders if queue.group == group}
        return Queue(group, self._members[group].take(members))

    def give_back(self, served: Queue, contenders: Collection[Queue]) -> None:
        """It had nothing after all: the turn has cost nobody anything, nor gained."""
        self._groups.give_back(served.group, {queue.group for queue in contenders})
        members = {queue.member for queue in contenders if queue.group == served.group}
        self._members[served.group].give_back(served.member, members)
