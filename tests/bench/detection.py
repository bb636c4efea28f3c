"""Detection against what editors chose: `make bench-detection [DATA=file.jsonl.gz]`.

The rule is that of the study the detector follows. A highlight is found when the clips cover at
least half of it; R@10 is the share of an episode's highlights that the first ten clips find, hit@10
whether they find any; both are means over episodes, in per cent. Clips are 35 to 50 seconds long.
The others choose ten windows of the mean length of ours, none overlapping: evenly spread, at random
(mean of 20 draws), and those with the most questions, exclamations, hook words and contrasts.

Each episode is judged by the training that left it out, so all of our own file can be measured;
another file is judged by the weights as shipped, and ought to hold episodes never trained on. What
random gets depends on how long episodes and highlights are: compare figures of one file only.
"""

import random
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "services/clip-detection/training"))

import numpy as np
from episodes import Episode, read

import data
from clipforge_clip_detection import interest, lexicon
from clipforge_clip_detection.candidates import spans
from clipforge_clip_detection.detector import Wish, choose
from clipforge_clip_detection.features import tokens

CLIPS = 10
WISH = Wish(count=CLIPS, min_ms=35_000, max_ms=50_000)
DRAWS = 20
Span = tuple[float, float]
Found = tuple[float, float]  # share of the highlights, and 1 or 0


def ours(episode: Episode, fold: int | None) -> list[Span]:
    found = episode.sentences
    every = spans(found, *WISH.band)
    choice = choose(found, every, WISH, round(1000 * episode.end), interest.load(), fold)
    return [
        (found[span.first].start_ms / 1000, found[span.last].end_ms / 1000) for span in choice.spans
    ]


def uniform(episode: Episode, window: float) -> list[Span]:
    middles = np.linspace(episode.start, episode.end, CLIPS + 2)[1:-1]
    return [(middle - window / 2, middle + window / 2) for middle in middles.tolist()]


def at_random(episode: Episode, window: float, seed: int) -> list[Span]:
    dice = random.Random(f"{episode.id}{seed}")
    latest = max(episode.end - window, episode.start)
    return _apart((dice.uniform(episode.start, latest) for _ in range(50 * CLIPS)), window)


def heuristic(episode: Episode, window: float) -> list[Span]:
    points = []
    for sentence in episode.sentences:
        words = set(tokens(sentence.text))
        points.append(
            2 * ("?" in sentence.text)
            + ("!" in sentence.text)
            + 2 * bool(words & lexicon.HOOKS)
            + len(words & lexicon.CONTRAST)
        )
    starts = np.array([sentence.start_ms / 1000 for sentence in episode.sentences])
    sums = np.concatenate([[0], np.cumsum(points)])
    ends = np.searchsorted(starts, starts + window)
    value = (sums[ends] - sums[: len(starts)]) / (ends - np.arange(len(starts)))
    value[starts + window > episode.end] = -1
    return _apart(starts[np.argsort(-value, kind="stable")].tolist(), window)


def _apart(starts: Iterable[float], window: float) -> list[Span]:
    """The first windows that do not overlap."""
    chosen: list[Span] = []
    for start in starts:
        if all(start >= end or start + window <= begin for begin, end in chosen):
            chosen.append((start, start + window))
        if len(chosen) == CLIPS:
            break
    return chosen


def judge(episode: Episode, clips: Sequence[Span]) -> Found:
    found = [_covered(highlight, clips) >= 0.5 for highlight in episode.highlights]
    return sum(found) / len(found), float(any(found))


def _covered(highlight: Span, clips: Sequence[Span]) -> float:
    """Share of a highlight that lies in clips; these never overlap one another."""
    begin, end = highlight
    shared = sum(max(0.0, min(end, stop) - max(begin, start)) for start, stop in clips)
    return shared / max(end - begin, 0.1)


def main(file: Path | None) -> None:
    episodes = list(read(file or data.FOLDER / "detection/lex.jsonl.gz"))
    chosen = [ours(episode, None if file else episode.fold) for episode in episodes]
    lengths = [end - start for clips in chosen for start, end in clips]
    window = float(np.mean(lengths))
    highlights = sum(len(episode.highlights) for episode in episodes)
    print(
        f"{len(episodes)} episodes, {highlights} highlights, clips of {window:.0f} s, "
        f"weights {interest.load().name}, {'as shipped' if file else 'each without its fold'}"
    )
    pickers: dict[str, Callable[[Episode], list[list[Span]]]] = {
        "uniform": lambda e: [uniform(e, window)],
        "random": lambda e: [at_random(e, window, seed) for seed in range(DRAWS)],
        "heuristic": lambda e: [heuristic(e, window)],
    }
    results = {"ours": [judge(e, clips) for e, clips in zip(episodes, chosen, strict=True)]}
    for name, pick in pickers.items():
        results[name] = [
            tuple(np.mean([judge(e, clips) for clips in pick(e)], axis=0).tolist())
            for e in episodes
        ]
    means = {name: 100 * np.mean(found, axis=0) for name, found in results.items()}
    for name, found in results.items():
        # Episodes, not highlights, are what was drawn independently.
        margin = 196 * np.std(found, axis=0) / np.sqrt(len(episodes))
        (recall, hit), (unsure, vague) = means[name], margin
        print(f"{name:>10}: R@10 {recall:5.1f} ±{unsure:4.1f}   hit@10 {hit:5.1f} ±{vague:4.1f}")
    for fold in sorted({episode.fold for episode in episodes}):
        of = [n for n, episode in enumerate(episodes) if episode.fold == fold]
        share = 100 * np.mean([results["ours"][n][0] for n in of])
        luck = 100 * np.mean([results["random"][n][0] for n in of])
        print(f"    fold {fold}: R@10 {share:5.1f}   random {luck:5.1f}   {len(of)} episodes")
    print(
        f"bench-detection: r10={means['ours'][0]:.1f} hit10={means['ours'][1]:.1f} "
        f"uniform={means['uniform'][0]:.1f} random={means['random'][0]:.1f} "
        f"heuristic={means['heuristic'][0]:.1f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else None)
