"""From a transcript to clips. Pure: the same transcript and options give the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Clip, ClipList, Factor, Transcript
from clipforge_clip_detection import scoring, selection
from clipforge_clip_detection.candidates import Span, Spans, longest, spans
from clipforge_clip_detection.excerpts import cut
from clipforge_clip_detection.foretold import foretold
from clipforge_clip_detection.hashtags import hashtags, themes
from clipforge_clip_detection.interest import Interest
from clipforge_clip_detection.reasons import reasons
from clipforge_clip_detection.sentences import Sentence, sentences
from clipforge_clip_detection.titles import title
from clipforge_contracts import ids

RESULT_VERSION: Final = 2
SHORTEST_MS: Final = 20_000  # where the user asks for nothing: what short-video platforms favour
LONGEST_MS: Final = 60_000
LEAD_MS: Final = 350  # of the silence before the first word that a clip keeps, at most
TAIL_MS: Final = 450
TEXT: Final = 1000  # letters kept beside a clip


@dataclass(frozen=True)
class Wish:
    """What the user asked for; 0 leaves it to us."""

    count: int = 0
    min_ms: int = 0
    max_ms: int = 0

    @property
    def band(self) -> tuple[int, int]:
        """Shortest and longest clip in milliseconds."""
        longest_ms = self.max_ms or max(LONGEST_MS, self.min_ms * 2)
        shortest_ms = self.min_ms or min(SHORTEST_MS, longest_ms // 2)
        return min(shortest_ms, longest_ms), longest_ms


@dataclass(frozen=True)
class Choice:
    """The spans that become clips, best first, and what was known about each."""

    spans: list[Span]
    factors: list[dict[str, float]]
    standings: list[float]  # among the places of the film, 0 to 1: what chances are calibrated on
    scores: list[int]  # the same for people: 100 for the best place, 50 if half are better
    candidates: int


def detect(transcript: Transcript, wish: Wish, *, project: str, interest: Interest) -> ClipList:
    """The clips of a film, best first. Never none where something is said."""
    found, every = _possible(transcript, wish)
    choice = choose(found, every, wish, transcript.duration_ms, interest)
    made = ClipList(
        detector=interest.name, candidates=choice.candidates, result_version=RESULT_VERSION
    )
    for n, span in enumerate(choice.spans):
        inside = found[span.first : span.last + 1]
        about = themes(inside, found, interest.familiar)
        start, end = _edges(found, span, wish, transcript.duration_ms)
        made.clips.append(
            Clip(
                id=ids.derive("clip", project, start, end),
                start_ms=start,
                end_ms=end,
                score=choice.scores[n],
                confidence=interest.chance(choice.standings[n]),
                title=title(inside, about, interest.familiar),
                reasons=reasons(choice.factors[n], inside, about),
                hashtags=hashtags(about),
                factors=[
                    Factor(name=name, value=value, weight=scoring.WEIGHTS[name])
                    for name, value in choice.factors[n].items()
                ],
                text=cut(" ".join(sentence.text for sentence in inside), TEXT),
                detector=interest.name,
            )
        )
    return made


def choose(
    found: Sequence[Sentence],
    every: Spans,
    wish: Wish,
    duration_ms: int,
    interest: Interest,
    fold: int | None = None,
) -> Choice:
    """The best spans of a film. `fold` asks the training that left that fold out."""
    if not len(every):
        return Choice([], [], [], [], 0)
    judged = scoring.judge(found, every, interest, fold)
    best = selection.apart(every, judged.totals)
    standing = dict(zip(best, selection.standings(len(best)), strict=True))
    count = selection.wanted(wish.count, duration_ms)
    chosen = selection.select(found, every, best, count)
    return Choice(
        spans=[every[n] for n in chosen],
        factors=[
            dict(zip(scoring.WEIGHTS, judged.factors[n].tolist(), strict=True)) for n in chosen
        ],
        standings=[standing[n] for n in chosen],
        scores=[round(100 * (1 - best.index(n) / len(best))) for n in chosen],
        candidates=len(every),
    )


def _possible(transcript: Transcript, wish: Wish) -> tuple[list[Sentence], Spans]:
    """What clips are made of. A length that was asked for is a promise, whole sentences are a
    preference: where no run of sentences has that length, clips may begin and end at any word."""
    found = sentences(transcript, wish.band[1])
    every = _past_the_opening(found, spans(found, *wish.band))
    if not len(every) and wish.min_ms:
        by_word = sentences(transcript, wish.band[1], most_words=1)
        by_words = spans(by_word, *wish.band)
        if len(by_words):
            return by_word, by_words
    return found, every if len(every) else longest(found, wish.band[1])


def _past_the_opening(found: Sequence[Sentence], every: Spans) -> Spans:
    """Without what lies in a medley of the film's best lines; its lines come again."""
    later = every.first >= foretold(found).opening
    return every.where(later) if later.any() else every


def _edges(found: Sequence[Sentence], span: Span, wish: Wish, duration_ms: int) -> tuple[int, int]:
    """Word edges, with half of the silence around them, up to what sounds natural and fits; more
    of it where little is said and a longer clip was asked for."""
    first, last = found[span.first], found[span.last]
    length, longest_ms = last.end_ms - first.start_ms, wish.band[1]
    # Half of a silence belongs to the neighbour, so that clips never overlap.
    before = first.pause_before_ms // (2 if span.first else 1)
    after = last.pause_after_ms // (2 if span.last + 1 < len(found) else 1)
    spare = max(longest_ms - length, 0)
    tail = min(last.pause_after_ms // 2, TAIL_MS, spare)
    lead = min(first.pause_before_ms // 2, LEAD_MS, spare - tail)
    tail += min(max(wish.min_ms - length - lead - tail, 0), after - tail)
    lead += min(max(wish.min_ms - length - lead - tail, 0), before - lead)
    end = min(last.end_ms + tail, max(duration_ms, last.end_ms))
    return first.start_ms - lead, min(end, first.start_ms - lead + longest_ms)
