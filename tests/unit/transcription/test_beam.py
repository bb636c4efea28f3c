"""After a crash fewer guesses are kept, which is what takes memory beside the model."""

from pathlib import Path
from typing import Any

import pytest

from clipforge_runtime.strain import current, strain
from clipforge_runtime.testing import FolderStore
from clipforge_transcription.engines.apart import BEAM, Apart, beam
from clipforge_transcription.listeners import Listeners
from clipforge_transcription.models import Model
from transcribing import Reader, clock, film, worked

HEARD = {"words": [{"text": "so", "start": 0.0, "end": 1.0, "confidence": 0.9}]}


class Noting(Listeners):
    """Listeners that keep what they were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []

    def ask(self, do: str, sound: bytes = b"", **request: Any) -> Any:
        self.asked.append({"do": do, **request})
        return ["en"] if do == "languages" else [HEARD]


def test_the_first_attempt_keeps_as_many_guesses_as_were_measured_best() -> None:
    assert beam(0) == BEAM > 1


def test_after_a_crash_one_guess_is_kept() -> None:
    assert beam(1) == beam(4) == 1


@pytest.mark.parametrize(("strained", "guesses"), [(0, BEAM), (1, 1), (2, 1)])
async def test_what_listens_is_told_how_many_guesses_to_keep(
    tmp_path: Path, strained: int, guesses: int
) -> None:
    listeners, store, short = Noting(), FolderStore(tmp_path / "store"), film("short", 20)
    engine = Apart(listeners, Model("tiny.en", tmp_path, "0" * 64), strain=strain)
    audio = clock(tmp_path / "short.flac", 20)
    await store.upload(short.objects.audio_key, audio, content_type="audio/flac")

    token = current.set(strained)  # as the worker does that is handed it after a crash
    await worked(store, tmp_path / "worker", engine, Reader())(short)
    current.reset(token)

    assert {asked["beam"] for asked in listeners.asked if asked["do"] == "hear"} == {guesses}
