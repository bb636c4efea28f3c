"""From the parts of a film to its transcript."""

from collections.abc import Sequence

from clipforge.v1.documents_pb2 import Transcript, TranscriptionPlan
from clipforge_transcription import notices


def merge(plan: TranscriptionPlan, parts: Sequence[Transcript]) -> Transcript:
    """The parts one after the other: they were cut in silences, so nothing overlaps.

    A part that was not understood is a song or a quotation; where most were not, the film is in
    another language, and what was heard in the rest of it is not believed either.
    """
    merged = Transcript()
    merged.CopyFrom(parts[0])
    for part in parts[1:]:
        merged.segments.extend(part.segments)
    strange = [part.notice for part in parts if part.notice and not part.segments]
    said = [part.notice for part in parts if part.notice and part.segments]
    if len(strange) > sum(bool(part.segments) for part in parts):
        del merged.segments[:]
        merged.notice = strange[0]
    else:
        told = " ".join(filter(None, (plan.notice, *said[:1])))
        merged.notice = told if merged.segments else notices.NO_SPEECH
    return merged
