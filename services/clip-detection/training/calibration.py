"""From percentiles to chances: isotonic regression, so that better clips never show lower ones."""

import itertools

import numpy as np
from windows import Vector

# Finer towards the top, where clips are chosen.
EDGES = np.array([0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 0.985, 0.995, 1])


def isotonic(percentile: Vector, picked: Vector) -> tuple[Vector, Vector]:
    """Middles of EDGES and the share picked there, made monotone (pool adjacent violators)."""
    pools: list[list[float]] = []  # share, weight, how many bins
    for low, high in itertools.pairwise(EDGES):
        inside = picked[(percentile >= low) & (percentile <= high)]
        pools.append([float(inside.mean()), float(len(inside)), 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, n, bins), (other, m, more) = pools.pop(-2), pools.pop()
            pools.append([(one * n + other * m) / (n + m), n + m, bins + more])
    shares = np.array([share for share, _, bins in pools for _ in range(int(bins))])
    return (EDGES[:-1] + EDGES[1:]) / 2, shares
