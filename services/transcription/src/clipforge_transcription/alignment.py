"""Forced alignment of English words by PocketSphinx. The only file that imports it.

A decoder is not safe between threads, so each thread has one of its own.
"""

import re
import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from pocketsphinx import Decoder

from clipforge_transcription.samples import RATE, Samples

FRAME_SECONDS: Final = 0.01
# Wide beams: narrower ones gave up on one phrase in five.
BEAMS: Final = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
_local = threading.local()


def align(samples: Samples, words: Sequence[str]) -> list[tuple[float, float]] | None:
    """Start and end of each word in seconds; None where a word is unknown or nothing fits."""
    decoder = _decoder()
    spelled = [_spelled(word, decoder) for word in words]
    if len(samples) < RATE // 10 or not all(spelled):
        return None
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    try:
        decoder.set_align_text(" ".join(one for ones in spelled for one in ones))
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        found = [
            (segment.start_frame * FRAME_SECONDS, (segment.end_frame + 1) * FRAME_SECONDS)
            for segment in decoder.seg() or ()
            if not segment.word.startswith(("<", "["))
        ]
    except RuntimeError:  # it says so where no path through the words fits the sound
        return None
    if len(found) != sum(map(len, spelled)):
        return None
    times = iter(found)
    joined = [[next(times) for _ in ones] for ones in spelled]
    return [(parts[0][0], parts[-1][1]) for parts in joined]


def _decoder() -> Any:
    if not hasattr(_local, "decoder"):
        _local.decoder = Decoder(samprate=RATE, lm=None, loglevel="FATAL", **BEAMS)
    return _local.decoder


def _spelled(word: str, decoder: Any) -> list[str]:
    """The word as the dictionary has it, in several where it is compound; empty: it has not."""
    letters = re.sub(r"[^a-z'-]", "", word.lower().replace("\u2019", "'"))
    ones = [one for part in letters.split("-") if (one := part.strip("'"))]
    found = [_known(one, decoder) or _known(one.removesuffix("'s"), decoder) for one in ones]
    return found if all(found) else []


def _known(word: str, decoder: Any) -> str:
    return word if word and decoder.lookup_word(word) is not None else ""
