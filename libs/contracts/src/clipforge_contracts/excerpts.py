"""What is said in a part of a film, as short as a list has room for."""

from collections.abc import Sequence
from typing import Final

from clipforge.v1.documents_pb2 import Word
from clipforge_contracts.subtitles import sentence

TEXT: Final = 1000  # letters kept beside a clip


def said_between(spoken: Sequence[Word], start_ms: int, end_ms: int) -> str:
    """The words whose middle lies inside, as captions have it."""
    inside = [
        word.text
        for word in spoken
        if word.text and start_ms <= (word.start_ms + word.end_ms) / 2 < end_ms
    ]
    return shortened(sentence(inside), TEXT)


def shortened(text: str, letters: int) -> str:
    """At most so many letters, and an ellipsis where it was longer; whole words if it has any."""
    if len(text) <= letters:
        return text
    kept = text[: letters - 1]
    whole = kept.rpartition(" ")[0]
    return (whole or kept).rstrip(" ,;:-") + "…"
