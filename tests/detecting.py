"""What the tests of clip detection have in common: transcripts of what somebody might say."""

import re
from collections.abc import Sequence

from clipforge.v1.documents_pb2 import ClipList, Segment, Transcript, Word
from clipforge_clip_detection import interest
from clipforge_clip_detection.detector import Wish, detect
from clipforge_clip_detection.sentences import Sentence, sentences
from samples import PROJECT

WORD_MS = 300  # how long a word lasts
GAP_MS = 60  # between two words
PAUSE_MS = 400  # after a sentence


def said(
    text: str, *, language: str = "en", word_times: bool = True, silence_ms: int = 0
) -> Transcript:
    """A text as spoken: one segment a sentence, `silence_ms` before and after everything."""
    made = Transcript(language=language)
    at = silence_ms
    for sentence in re.split(r"(?<=[.?!])\s+", " ".join(text.split())):
        spoken = []
        for word in sentence.split(" "):
            spoken.append(Word(text=word, start_ms=at, end_ms=at + WORD_MS))
            at += WORD_MS + GAP_MS
        made.segments.append(
            Segment(
                text=sentence,
                start_ms=spoken[0].start_ms,
                end_ms=spoken[-1].end_ms,
                words=spoken if word_times else [],
            )
        )
        at += PAUSE_MS
    made.duration_ms = at - PAUSE_MS - GAP_MS + silence_ms
    return made


def whole(text: str) -> list[Sentence]:
    """A text as sentences."""
    return sentences(said(text), 60_000)


def clips(transcript: Transcript, *, count: int = 0, min_ms: int = 0, max_ms: int = 0) -> ClipList:
    """What the detector makes of a transcript, with the weights as shipped."""
    wish = Wish(count, min_ms, max_ms)
    return detect(transcript, wish, project=PROJECT, interest=interest.load())


def inside(transcript: Transcript, start_ms: int, end_ms: int) -> list[str]:
    """The words that are heard in a span."""
    words = [word for segment in transcript.segments for word in segment.words]
    return [word.text for word in words if start_ms <= word.start_ms and word.end_ms <= end_ms]


def talk(minutes: float, topics: Sequence[str] = ()) -> Transcript:
    """A talk of some length in which no two sentences are alike, on topics one after another."""
    topics = topics or ("queues", "harbours", "violins", "glaciers", "bakeries", "satellites")
    wanted = round(minutes * 60_000)
    lines: list[str] = []
    length = 0
    while length < wanted:
        n = len(lines)
        topic = topics[min(length * len(topics) // wanted, len(topics) - 1)]
        own = {mark: f"{mark}{n}" for mark in ("fen", "kor", "lum", "tar", "vim", "zel")}
        line = _LINES[n % len(_LINES)].format(topic=topic, **own)
        lines.append(line)
        length += len(line.split()) * (WORD_MS + GAP_MS) + PAUSE_MS
    return said(" ".join(lines))


_LINES = (
    "Why does everybody forget {fen}, {kor}, {lum} and {tar} near {topic}?",
    "Most people believe that {topic} look simple, and {lum} with {tar} or {zel} differ.",
    "We measured {fen} against {kor} before {lum}, {vim} and {zel} arrived.",
    "You never notice what {topic} cost until {kor}, {tar} or {vim} is gone.",
    "The team around {fen} and {vim} started {lum} again with {kor} and {zel}.",
    "A friend of {tar} and {zel} once lost {fen} in {vim}, and told {lum}.",
    "Good {topic} begin with {kor}, {tar}, {zel} and {fen} as questions.",
)
