"""Fit a linear score so that the windows an editor took come out on top of their own episode.

Conditional logit: the loss of a highlight is -log of the share that a softmax over all windows of
the episode gives to those that cover it. Comparing inside an episode only, the model cannot learn
what an episode is about, and each episode counts the same however many highlights it has.
"""

from collections.abc import Callable

import numpy as np
from windows import Vector, Windows

Slope = Callable[[Vector], tuple[float, Vector]]


def loss(scores: Vector, windows: Windows) -> tuple[float, Vector]:
    """Loss of one episode and its derivative by each window's score."""
    total, slope = 0.0, np.zeros(len(scores))
    everything = _log_sum(scores)
    softmax = np.exp(scores - everything)
    weight = 1 / max(len(windows.taken), 1)
    for taken in windows.taken:
        here = _log_sum(scores[taken])
        total += weight * (everything - here)
        slope += weight * softmax
        slope[taken] -= weight * np.exp(scores[taken] - here)
    return total, slope


def minimise(slope: Slope, size: int, steps: int, memory: int = 8) -> Vector:
    """L-BFGS with backtracking (Nocedal and Wright, Numerical Optimization, algorithm 7.4)."""
    at = np.zeros(size)
    value, gradient = slope(at)
    moves: list[tuple[Vector, Vector]] = []
    for _ in range(steps):
        direction = _direction(gradient, moves[-memory:])
        length = 1.0 if moves else 1 / max(float(np.abs(gradient).sum()), 1e-9)
        downhill = float(gradient @ direction)
        for _ in range(30):
            new_value, new_gradient = slope(at + length * direction)
            if new_value <= value + 1e-4 * length * downhill:
                break
            length /= 2
        else:
            return at
        change, turn = length * direction, new_gradient - gradient
        if change @ turn > 1e-12:
            moves.append((change, turn))
        at, value, gradient = at + change, new_value, new_gradient
    return at


def _direction(gradient: Vector, moves: list[tuple[Vector, Vector]]) -> Vector:
    direction = -gradient
    kept = []
    for change, turn in reversed(moves):
        share = float(change @ direction) / float(change @ turn)
        direction = direction - share * turn
        kept.append(share)
    if moves:
        change, turn = moves[-1]
        direction = direction * float(change @ turn) / float(turn @ turn)
    for (change, turn), share in zip(moves, reversed(kept), strict=True):
        direction = direction + change * (share - float(turn @ direction) / float(change @ turn))
    return direction


def _log_sum(values: Vector) -> float:
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).sum()))
