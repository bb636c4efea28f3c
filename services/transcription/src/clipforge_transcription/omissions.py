"""Where somebody speaks and no words were heard: a recogniser now and then leaves out a line.

Or it goes in circles, and so it seems to where somebody says the same again and again: what it made
of half a minute is not believed then. In short pieces there is little to repeat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from clipforge_transcription import cutting
from clipforge_transcription.engines import Spoken
from clipforge_transcription.samples import RATE, Samples
from clipforge_transcription.timing import LONGEST_WORD_MS

SPEAKING_MS: Final = 2000  # so much speech and not a word was not understood, or left out
PER_MS: Final = RATE // 1000
PIECE_MS: Final = 8000  # a sentence or two

Timed = Sequence[Sequence[Spoken]]
"""The words of each segment, in order; seconds from the start of the samples."""


@dataclass(frozen=True)
class Pause:
    """Seconds without words, before a word, by its number from 0, or after the last one."""

    before: int
    start: float
    end: float


def filled(
    timed: Timed,
    samples: Samples,
    *,
    speech: Callable[[Samples], Sequence[cutting.Span]],
    hear: Callable[[Samples], Timed],
) -> Timed:
    """With what is heard in pauses where somebody speaks: listened to once, in short pieces."""
    found = {
        pause.before: _again(
            samples[int(pause.start * RATE) : int(pause.end * RATE)], pause.start, speech, hear
        )
        for pause in pauses(timed, len(samples) / RATE)
    }
    whole: list[Sequence[Spoken]] = []
    number = 0
    for segment in timed:
        run: list[Spoken] = []
        for word in segment:
            if found.get(number):  # a segment around it is cut in two
                whole += [run, *found[number]]
                run = []
            run.append(word)
            number += 1
        whole.append(run)
    whole += found.get(number, ())
    return [segment for segment in whole if segment]


def pauses(timed: Timed, seconds: float) -> list[Pause]:
    """Those of `SPEAKING_MS` or more in a sound of so many seconds."""
    words = [word for segment in timed for word in segment]
    # The last word before a line that was left out often lasts as long as the line.
    ends = [min(word.end, word.start + LONGEST_WORD_MS / 1000) for word in words]
    starts = [word.start for word in words]
    between = zip([0.0, *ends], [*starts, seconds], strict=True)
    return [
        Pause(number, start, end)
        for number, (start, end) in enumerate(between)
        if (end - start) * 1000 >= SPEAKING_MS
    ]


def enough(speech: Sequence[cutting.Span]) -> bool:
    """Whether somebody speaks for so long that there are words."""
    return sum(end - start for start, end in speech) >= SPEAKING_MS


def _again(
    silent: Samples,
    at: float,
    speech: Callable[[Samples], Sequence[cutting.Span]],
    hear: Callable[[Samples], Timed],
) -> Timed:
    """What is heard where nothing was, which begins at so many seconds."""
    spoken = speech(silent)
    if not enough(spoken):
        return []
    heard: list[Sequence[Spoken]] = []
    for start, end in cutting.spans(spoken, len(silent) // PER_MS, PIECE_MS):
        heard += _later(hear(silent[start * PER_MS : end * PER_MS]), at + start / 1000)
    return heard


def _later(timed: Timed, seconds: float) -> Timed:
    return [
        [replace(word, start=word.start + seconds, end=word.end + seconds) for word in segment]
        for segment in timed
    ]
