"""After a crash fewer guesses are kept, which is what takes memory beside the model."""

from clipforge_transcription.engines.apart import BEAM, beam


def test_the_first_attempt_keeps_as_many_guesses_as_were_measured_best() -> None:
    assert beam(0) == BEAM > 1


def test_after_a_crash_one_guess_is_kept() -> None:
    assert beam(1) == beam(4) == 1
