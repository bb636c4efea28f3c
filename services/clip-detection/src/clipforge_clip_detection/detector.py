"""From a transcript to clips. Pure: the same transcript and options give the same bytes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clipforge.v1.documents_pb2 import Clip, ClipList, Factor, Transcript
from clipforge_clip_detection import content, lexicon, scoring, selection
from clipforge_clip_detection.candidates import Span, spans
from clipforge_clip_detection.features import tokens
from clipforge_clip_detection.interest import Interest
from clipforge_clip_detection.sentences import Sentence, sentences
from clipforge_contracts import ids

RESULT_VERSION: Final = 1
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
        longest = self.max_ms or max(LONGEST_MS, self.min_ms * 2)
        shortest = self.min_ms or min(SHORTEST_MS, longest // 2)
        return min(shortest, longest), longest


def detect(transcript: Transcript, wish: Wish, *, project: str, interest: Interest) -> ClipList:
    """The clips of a film, best first. Never none where something is said."""
    found = sentences(transcript)
    shortest, longest = wish.band
    candidates = spans(found, shortest, longest)
    made = ClipList(
        detector=interest.name, candidates=len(candidates), result_version=RESULT_VERSION
    )
    if not candidates:
        return made
    ranked = scoring.factors(found, candidates, interest)
    scores = scoring.score(ranked)
    percentiles = scoring.rank(scores)
    count = selection.wanted(wish.count, transcript.duration_ms)
    film = Counter(word for sentence in found for word in tokens(sentence.text))
    for n in selection.select(found, candidates, scores.tolist(), count):
        span = candidates[n]
        values = dict(zip(scoring.WEIGHTS, (round(float(v), 4) for v in ranked[n]), strict=True))
        start, end = _edges(found, span, transcript.duration_ms)
        made.clips.append(
            _clip(found, span, start, end, float(percentiles[n]), values, film, project, interest)
        )
    return made


def _clip(
    found: Sequence[Sentence],
    span: Span,
    start_ms: int,
    end_ms: int,
    percentile: float,
    values: dict[str, float],
    film: "Counter[str]",
    project: str,
    interest: Interest,
) -> Clip:
    inside = found[span.first : span.last + 1]
    text = " ".join(sentence.text for sentence in inside)
    return Clip(
        id=ids.derive("clip", project, start_ms, end_ms),
        start_ms=start_ms,
        end_ms=end_ms,
        score=round(100 * percentile),
        confidence=interest.chance(percentile),
        title=content.title(
            [sentence.text for sentence in inside],
            [len(set(tokens(sentence.text)) & lexicon.HOOKS) for sentence in inside],
        ),
        reasons=content.reasons(values, inside[0].text),
        hashtags=content.hashtags(text, film),
        factors=[
            Factor(name=name, value=value, weight=scoring.WEIGHTS[name])
            for name, value in values.items()
        ],
        text=text[:TEXT],
        detector=interest.name,
    )


def _edges(found: Sequence[Sentence], span: Span, duration_ms: int) -> tuple[int, int]:
    """Word edges, with half of the silence around them, up to what sounds natural."""
    first, last = found[span.first], found[span.last]
    lead = min(first.pause_before_ms // 2, LEAD_MS)
    tail = min(last.pause_after_ms // 2, TAIL_MS)
    return max(first.start_ms - lead, 0), min(last.end_ms + tail, max(duration_ms, last.end_ms))
