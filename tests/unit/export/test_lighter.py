"""A render that was too much for a machine is made with less memory, to the same effect."""

from clipforge_export.render import lighter

FULL = ["-i", "film.mp4", "-c:v", "libx264", "-preset", "superfast", "clip.mp4"]


def test_the_first_render_uses_what_there_is() -> None:
    assert lighter(FULL, 0) == FULL


def test_after_a_crash_one_thread_decodes_and_one_encodes() -> None:
    arguments = lighter(FULL, 1)

    before, after = arguments[: arguments.index("-i")], arguments[arguments.index("-i") :]
    assert before[before.index("-threads") + 1] == "1"
    assert after[after.index("-threads") + 1] == "1"
    assert arguments[-1] == "clip.mp4"


def test_after_another_the_preset_looks_ahead_least() -> None:
    arguments = lighter(FULL, 2)

    presets = [arguments[n + 1] for n, one in enumerate(arguments) if one == "-preset"]
    assert presets[-1] == "ultrafast"  # the last one counts
    assert lighter(FULL, 3) == arguments
