"""Train weights/interest.npz: `python train.py lex.jsonl.gz`. Some minutes on one core.

Deterministic: the same file gives the same weights. Each of FOLDS trainings leaves out a fifth of
the episodes, by their ids; what it left out calibrates the chance that is shown beside a clip.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from calibration import isotonic
from episodes import Episode, read
from listwise import loss, minimise
from windows import LONGEST_MS, SHORTEST_MS, Vector, Windows, windows

from clipforge_clip_detection import features, scoring, selection
from clipforge_clip_detection.candidates import spans
from clipforge_clip_detection.features import Matrix
from clipforge_clip_detection.interest import FILE, FOLDS, Interest, Keys, hashes, surroundings

LEAST_EPISODES = 20  # that use a word: names and topics of single guests are not learned
HAND_DECAY = 10.0  # L2 of the feature model
WORD_DECAY = 0.1  # L2 of the word model
STEPS = 60


@dataclass(frozen=True)
class Film:
    """An episode, prepared once for all trainings."""

    episode: Episode
    grams: list[Keys]  # of each sentence
    measured: Matrix

    @cached_property
    def windows(self) -> Windows:
        return windows(self.episode)

    @cached_property
    def surroundings(self) -> Matrix:
        return surroundings(self.measured)


def main(file: Path) -> None:
    films = [prepare(episode) for episode in read(file)]
    keys = vocabulary(films)
    hand, words = [], []
    for fold in range(FOLDS):
        seen = [film for film in films if film.episode.fold != fold]
        hand.append(fit_hand(seen))
        words.append(fit_words(seen, keys))
    stored = np.array(words)
    step = np.abs(stored).max() / 127  # a byte a weight: what is finer is noise
    common, shares = used_words(films)
    interest = Interest(
        hand=np.array(hand, dtype=np.float32),
        keys=keys,
        words=np.round(stored / step) * step,
        percentiles=np.array([0.0, 1.0]),
        chances=np.array([0.0, 0.0]),
        common=common,
        shares=shares,
        name="in training",
    )
    percentiles, chances = calibrate(films, interest)
    np.savez_compressed(
        FILE,
        hand=interest.hand,
        keys=keys,
        words=np.round(stored / step).astype(np.int8),
        step=np.float64(step),
        percentiles=percentiles,
        chances=np.round(chances, 6),
        common=common,
        shares=np.round(shares * 255).astype(np.uint8),
    )


def prepare(episode: Episode) -> Film:
    found = episode.sentences
    return Film(episode, [hashes(s.text) for s in found], features.measure(found))


def vocabulary(films: Sequence[Film]) -> Keys:
    """The words that enough episodes use."""
    used = _used(films)
    return np.array(sorted(k for k, n in used.items() if n >= LEAST_EPISODES), dtype=np.uint32)


def fit_hand(films: Sequence[Film]) -> Vector:
    """The weights of `surroundings`."""
    inputs = [film.windows.means(film.surroundings) for film in films]

    def slope(at: Vector) -> tuple[float, Vector]:
        total, back = HAND_DECAY / 2 * float(at @ at), HAND_DECAY * at
        for film, x in zip(films, inputs, strict=True):
            value, turn = loss(x @ at, film.windows)
            total, back = total + value, back + x.T @ turn
        return total, back

    return minimise(slope, inputs[0].shape[1], STEPS)


def fit_words(films: Sequence[Film], keys: Keys) -> Vector:
    """One weight a key; 0 for those that too few of these episodes use."""
    used = _used(films)
    allowed = np.array([used[int(key)] >= LEAST_EPISODES for key in keys])
    rows, columns = zip(*(_cells(film, keys, allowed) for film in films), strict=True)

    def slope(at: Vector) -> tuple[float, Vector]:
        total, back = WORD_DECAY / 2 * float(at @ at), WORD_DECAY * at
        for film, row, column in zip(films, rows, columns, strict=True):
            size = film.windows.size
            said = np.bincount(row, weights=at[column], minlength=size)
            value, turn = loss(film.windows.means(said), film.windows)
            given = film.windows.spread(turn)[row]
            total += value
            back = back + np.bincount(column, weights=given, minlength=len(keys))
        return total, back

    return minimise(slope, len(keys), STEPS)


def calibrate(films: Sequence[Film], interest: Interest) -> tuple[Vector, Vector]:
    """How often editors picked the places of a film at each percentile, as detection orders them
    with the training that left the film out."""
    standing, picked = [], []
    for film in films:
        found = film.episode.sentences
        every = spans(found, SHORTEST_MS, LONGEST_MS)
        totals = scoring.judge(found, every, interest, film.episode.fold).totals
        places = [every[n] for n in selection.apart(every, totals)]
        standing += selection.standings(len(places))
        picked += [float(film.episode.picked(found[p.first], found[p.last])) for p in places]
    return isotonic(np.array(standing), np.array(picked))


def used_words(films: Sequence[Film]) -> tuple[Keys, Vector]:
    """Hashes of the single words that enough episodes use, and the share of them that do."""
    used = Counter(
        word
        for film in films
        for word in {word for s in film.episode.sentences for word in features.tokens(s.text)}
    )
    hashed = {int(hashes(word)[0]): n for word, n in used.items() if n >= LEAST_EPISODES}
    common = np.array(sorted(hashed), dtype=np.uint32)
    return common, np.array([hashed[int(key)] for key in common]) / len(films)


def _used(films: Sequence[Film]) -> "Counter[int]":
    """In how many episodes each word occurs."""
    return Counter(
        key for film in films for key in {int(gram) for found in film.grams for gram in found}
    )


def _cells(film: Film, keys: Keys, allowed: Vector) -> tuple[Vector, Vector]:
    """Sentence and key of each word that counts."""
    row = np.repeat(np.arange(len(film.grams)), [len(found) for found in film.grams])
    grams = np.concatenate(film.grams)
    at = np.minimum(np.searchsorted(keys, grams), len(keys) - 1)
    kept = (keys[at] == grams) & allowed[at]
    return row[kept], at[kept]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
