"""From operations of a request to corrections of a transcript, and words as they are shown."""

from collections.abc import Sequence

from clipforge.v1.documents_pb2 import Transcript, Word
from clipforge_contracts import subtitles
from clipforge_gateway import corrections, cursors
from clipforge_gateway.corrections import Correction, Uncorrectable
from clipforge_gateway.transcript_schemas import (
    Delete,
    Merge,
    Operation,
    Replace,
    Retime,
    Split,
    WordView,
)


def corrected(transcript: Transcript, operations: Sequence[Operation]) -> Transcript:
    """The transcript with all of them made. Uncorrectable says which cannot be."""
    spoken = subtitles.words(transcript)
    return corrections.corrected(transcript, [_correction(spoken, one) for one in operations])


def view(index: int, word: Word) -> WordView:
    """One word, as it is shown."""
    return WordView(
        index=index,
        text=word.text,
        start_ms=word.start_ms,
        end_ms=word.end_ms,
        confidence=round(word.confidence, 4),
        speaker=word.speaker,
    )


def write_index(index: int) -> str:
    """The cursor of a list of words."""
    return cursors.write_numbers(index)


def read_index(cursor: str) -> int:
    """Where such a list begins."""
    found = cursors.read_numbers(cursor, 1)
    return found[0] if found else 0


def _correction(spoken: Sequence[Word], operation: Operation) -> Correction:
    match operation:
        case Replace():
            first, last = _which(spoken, operation)
            return corrections.replaced(spoken, first, last, operation.text.split())
        case Delete():
            first, last = _which(spoken, operation)
            return Correction(first, last, ())
        case Merge():
            first, last = _which(spoken, operation)
            text = operation.text or "".join(word.text for word in spoken[first : last + 1])
            return corrections.replaced(spoken, first, last, [text])
        case Split():
            at = _known(spoken, operation.word)
            return corrections.split(spoken, at, operation.texts, operation.at_ms)
        case Retime():
            at = _known(spoken, operation.word)
            return corrections.moved(spoken, at, operation.start_ms, operation.end_ms)


def _which(spoken: Sequence[Word], of: Replace | Delete | Merge) -> tuple[int, int]:
    if of.first is not None:
        last = of.first if of.last is None else of.last
        if last < of.first:
            raise Uncorrectable(f"Words {of.first} to {last}: `last` is before `first`.")
        return _known(spoken, of.first), _known(spoken, last)
    start, end = of.start_ms or 0, of.end_ms or 0
    inside = [
        index
        for index, word in enumerate(spoken)
        if start <= (word.start_ms + word.end_ms) / 2 < end
    ]
    if not inside:
        raise Uncorrectable(f"No word is said between {start} and {end} ms.")
    return inside[0], inside[-1]


def _known(spoken: Sequence[Word], index: int) -> int:
    if index >= len(spoken):
        raise Uncorrectable(f"There is no word {index}: this transcript has {len(spoken)}.")
    return index
