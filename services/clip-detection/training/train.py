"""Train weights/interest.npz: `python train.py lex.jsonl.gz`. A minute on one core, deterministic.

Two logistic regressions on "is this sentence in a highlight of the episode's editors": one over the
features of features.py with their context, one over hashed words and pairs of words. Words count
only if they occur in many episodes: names and topics of single guests would be learned by heart.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from episodes import Episode, read

from clipforge_clip_detection import features
from clipforge_clip_detection.interest import BUCKETS, CONTEXT, FILE, buckets, context

Vector = npt.NDArray[np.float64]
LEAST_EPISODES = 0.25  # share of the episodes that a word must occur in
STEPS = 150
RATE = 0.05
DECAY = 3e-3  # L2 of the word model
KNOTS = 21  # of the calibration
MIXES = (0.3, 0.5, 0.7)


def main(file: Path) -> None:
    training = [episode for episode in read(file) if not episode.held_out]
    fit_on, tune_on = training[: -len(training) // 5], training[-len(training) // 5 :]
    mean, scale, hand = fit_hand(fit_on)
    words = fit_words(fit_on)
    mix = max(MIXES, key=lambda share: area(tune_on, mean, scale, hand, words, share))
    mean, scale, hand = fit_hand(training)
    words = fit_words(training)
    # A byte a bucket: a finer weight is noise.
    step = np.abs(words).max() / 127
    np.savez_compressed(
        FILE,
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        hand=hand.astype(np.float32),
        words=np.round(words / step).astype(np.int8),
        step=np.float32(step),
        mix=np.float32(mix),
        calibration=calibration(training, mean, scale, hand, words, mix).astype(np.float32),
    )


def fit_hand(episodes: list[Episode]) -> tuple[Vector, Vector, Vector]:
    """Mean and scale of the features, and their weights, by Newton's method."""
    x = np.vstack([smoothed(episode) for episode in episodes])
    y = np.concatenate([episode.labels for episode in episodes])
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    x = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    weights = np.zeros(x.shape[1])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (chance - y) + 1e-3 * len(y) * weights * 0.01
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + 1e-3 * len(y) * 0.01 * np.eye(
            x.shape[1]
        )
        weights -= np.linalg.solve(curve, slope)
    return mean, scale, weights[:-1]


def fit_words(episodes: list[Episode]) -> Vector:
    """One weight a bucket, by Adam over all sentences, through the same context as in use."""
    rows, columns, starts, labels = [], [], [0], []
    seen = np.zeros(BUCKETS)
    n = 0
    for episode in episodes:
        here: set[int] = set()
        for sentence in episode.sentences:
            found = buckets(sentence.text)
            rows.append(np.full(len(found), n))
            columns.append(found)
            here.update(found.tolist())
            n += 1
        seen[list(here)] += 1
        starts.append(n)
        labels.append(episode.labels)
    row, column, y = np.concatenate(rows), np.concatenate(columns), np.concatenate(labels)
    common = seen >= LEAST_EPISODES * len(episodes)
    keep = common[column]
    row, column = row[keep], column[keep]
    weights, bias = np.zeros(BUCKETS), float(np.log(y.mean() / (1 - y.mean())))
    first, second = np.zeros(BUCKETS), np.zeros(BUCKETS)
    pieces = list(itertools.pairwise(starts))
    for turn in range(1, STEPS + 1):
        raw = np.bincount(row, weights=weights[column], minlength=n)
        margin = np.concatenate([context(raw[a:b].astype(np.float64)) for a, b in pieces])
        residual = 1 / (1 + np.exp(-(margin + bias))) - y
        back = np.concatenate([context(residual[a:b]) for a, b in pieces])
        slope = np.bincount(column, weights=back[row], minlength=BUCKETS) / len(y)
        slope = slope + DECAY * weights * y.mean()
        bias -= 0.5 * float(residual.mean()) / float(y.mean())
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        weights -= RATE * (first / (1 - 0.9**turn)) / (np.sqrt(second / (1 - 0.999**turn)) + 1e-7)
    weights[~common] = 0.0
    return weights


def smoothed(episode: Episode) -> Vector:
    return features.smooth(features.measure(episode.sentences), CONTEXT)


def liked(
    episode: Episode, mean: Vector, scale: Vector, hand: Vector, words: Vector, mix: float
) -> Vector:
    by_hand = ((smoothed(episode) - mean) / scale) @ hand
    by_words = context(np.array([words[buckets(s.text)].sum() for s in episode.sentences]))
    return (1 - mix) * by_hand + mix * by_words


def area(episodes: list[Episode], *model: object) -> float:
    """Mean area under the ROC curve inside each episode."""
    areas = []
    for episode in episodes:
        values = liked(episode, *model)  # type: ignore[arg-type]
        order = np.argsort(np.argsort(values))
        y = episode.labels
        positive = y.sum()
        if 0 < positive < len(y):
            ranks = order[y > 0].sum() - positive * (positive - 1) / 2
            areas.append(ranks / positive / (len(y) - positive))
    return float(np.mean(areas))


def calibration(episodes: list[Episode], *model: object) -> Vector:
    """Chance of a highlight at each percentile, made monotone (pool adjacent violators)."""
    ranks, labels = [], []
    for episode in episodes:
        values = liked(episode, *model)  # type: ignore[arg-type]
        ranks.append(np.argsort(np.argsort(values)) / max(len(values) - 1, 1))
        labels.append(episode.labels)
    rank, y = np.concatenate(ranks), np.concatenate(labels)
    edges = np.linspace(0, 1, KNOTS + 1)
    shares = [float(y[(rank >= a) & (rank <= b)].mean()) for a, b in itertools.pairwise(edges)]
    pools: list[list[float]] = []
    for share in shares:
        pools.append([share])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    return np.array([float(np.mean(pool)) for pool in pools for _ in pool])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
