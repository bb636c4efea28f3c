"""Whose turn it is: smooth weighted round robin over those that have something waiting."""

from collections.abc import Collection, Sequence


class Turns:
    """Turns of some queues, by index. While all wait, each gets its weight's share of every round.

    A queue that is found empty is no contender of that turn: it neither saves up turns for later
    nor costs the others any. (The form that nginx uses takes every weight off whoever is served;
    here that would put a queue which was busy alone far behind all others.)
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self._weights = tuple(weights)
        self._credits = [0] * len(weights)

    def order(self) -> list[int]:
        """In which order to ask, for the next turn."""
        return sorted(
            range(len(self._weights)),
            key=lambda one: (self._credits[one] + self._weights[one], self._weights[one]),
            reverse=True,
        )

    def took(self, served: int | None, empty: Collection[int]) -> None:
        """Who was served, and who had been asked before and had nothing."""
        for one in empty:
            self._credits[one] = 0
        if served is None:
            return
        contenders = [one for one in range(len(self._weights)) if one not in empty]
        for one in contenders:
            self._credits[one] += self._weights[one]
        self._credits[served] -= sum(self._weights[one] for one in contenders)
