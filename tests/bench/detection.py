"""Detection against what editors chose: `make bench-detection [DATA=file.jsonl.gz]`.

R@10: the share of the editors' highlights that the first ten clips cover, by half of the shorter.
hit@10: the share of episodes in which one of the first ten does. Peers pick ten windows of the same
length: evenly spread, at random (mean of 20 seeds), and by question and trigger words.
"""

import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "services/clip-detection/training"))

import numpy as np
from episodes import Episode, read

import data
from clipforge_clip_detection import interest, scoring, selection
from clipforge_clip_detection.candidates import spans

CLIPS = 10
BAND_MS = (30_000, 50_000)
WINDOW = 42.0  # seconds: about the mean length of our clips in this band
SEEDS = 20
Span = tuple[float, float]
Picker = Callable[[Episode], Sequence[Span]]
TRIGGERS = re.compile(
    r"\b(how|why|what|secret|truth|mistake|never|amazing|crazy|best|worst|important|biggest)\b",
    re.I,
)


def ours(episode: Episode) -> list[Span]:
    found = episode.sentences
    candidates = spans(found, *BAND_MS)
    scores = scoring.score(scoring.factors(found, candidates, interest.load()))
    chosen = selection.select(found, candidates, scores.tolist(), CLIPS)
    return [
        (found[candidates[n].first].start_ms / 1000, found[candidates[n].last].end_ms / 1000)
        for n in chosen
    ]


def uniform(episode: Episode) -> list[Span]:
    step = (episode.end - episode.start) / CLIPS
    return [
        (
            episode.start + step * (n + 0.5) - WINDOW / 2,
            episode.start + step * (n + 0.5) + WINDOW / 2,
        )
        for n in range(CLIPS)
    ]


def at_random(episode: Episode, seed: int) -> list[Span]:
    dice = random.Random(f"{episode.id}{seed}")
    starts = [dice.uniform(episode.start, episode.end - WINDOW) for _ in range(CLIPS)]
    return [(start, start + WINDOW) for start in starts]


def heuristic(episode: Episode) -> list[Span]:
    """Windows with the most questions and trigger words, none overlapping."""
    points = [
        (s.start_ms / 1000, len(TRIGGERS.findall(s.text)) + 2 * s.text.count("?"))
        for s in episode.sentences
    ]
    times = np.array([at for at, _ in points])
    sums = np.concatenate([[0.0], np.cumsum([value for _, value in points])])
    ends = np.searchsorted(times, times + WINDOW)
    value = sums[ends] - sums[np.arange(len(times))]
    chosen: list[Span] = []
    for n in np.argsort(-value, kind="stable"):
        start = float(times[n])
        if all(start >= end or start + WINDOW <= begin for begin, end in chosen):
            chosen.append((start, start + WINDOW))
        if len(chosen) == CLIPS:
            break
    return chosen


def measure(episodes: Sequence[Episode], pick: Picker) -> tuple[float, float]:
    """Recall over all highlights and share of episodes with a hit, in per cent."""
    found = total = hits = 0
    for episode in episodes:
        clips = pick(episode)
        touched = [any(_touches(clip, span) for clip in clips) for span in episode.highlights]
        found, total, hits = found + sum(touched), total + len(touched), hits + any(touched)
    return 100 * found / total, 100 * hits / len(episodes)


def _touches(clip: Span, highlight: Span) -> bool:
    shared = min(clip[1], highlight[1]) - max(clip[0], highlight[0])
    return shared >= 0.5 * min(clip[1] - clip[0], highlight[1] - highlight[0])


def main(file: Path | None) -> None:
    every = list(read(file or data.FOLDER / "detection/lex.jsonl.gz"))
    # Another file was never trained on; of our own, only what was held out counts.
    episodes = every if file else [episode for episode in every if episode.held_out]
    spans_ = sum(len(episode.highlights) for episode in episodes)
    print(f"{len(episodes)} episodes, {spans_} highlights, weights {interest.load().name}")
    results = {
        "ours": measure(episodes, ours),
        "uniform": measure(episodes, uniform),
        "heuristic": measure(episodes, heuristic),
    }
    draws = [measure(episodes, lambda e, seed=seed: at_random(e, seed)) for seed in range(SEEDS)]  # type: ignore[misc]
    results["random"] = (
        float(np.mean([draw[0] for draw in draws])),
        float(np.mean([draw[1] for draw in draws])),
    )
    for name, (recall, hit) in results.items():
        print(f"{name:>10}: R@10 {recall:5.1f} %  hit@10 {hit:5.1f} %")
    print(
        f"bench-detection: r10={results['ours'][0]:.1f} hit10={results['ours'][1]:.1f} "
        f"uniform={results['uniform'][0]:.1f} random={results['random'][0]:.1f} "
        f"heuristic={results['heuristic'][0]:.1f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None)
