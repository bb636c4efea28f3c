"""The arguments that ffmpeg gets, read as a list."""

import pytest

from clipforge_contracts.plans import Plan
from clipforge_export import loudness, render
from clipforge_export.frame import RATIOS, Size, framing
from clipforge_export.graph import Cut, Output

FULL_HD = Size(1920, 1080)
LINK = "https://store.example/key?X-Amz-Signature=abc"


def cut(*, gain_db: float = 3.5, sound: bool = True) -> Cut:
    return Cut(source=LINK, start_ms=61_200, end_ms=91_233, gain_db=gain_db, sound=sound)


def output(**changes: object) -> Output:
    usual: dict[str, object] = {
        "file": "clip.mp4",
        "framing": framing(FULL_HD, "9:16", plan=Plan.BUSINESS, height=0),
        "layout": "track",
        "path": ((0.0, 100.0), (5.0, 200.0)),
        "quality": "standard",
        "captions": "captions.ass",
    }
    return Output(**(usual | changes))  # type: ignore[arg-type]


def graph(*outputs: Output, of: Cut | None = None) -> str:
    return after(render.arguments(of or cut(), outputs or [output()]), "-filter_complex")


def after(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


@pytest.mark.parametrize("made", ["render", "measure"])
def test_the_source_is_sought_before_it_is_opened(made: str) -> None:
    asked = {
        "render": render.arguments(cut(), [output()]),
        "measure": render.measure(LINK, 61_200, 91_233),
    }[made]

    opened = asked.index("-i")
    assert asked[opened + 1] == LINK
    assert asked.index("-ss") < opened
    assert after(asked, "-ss") == "61.200"
    assert after(asked, "-t") == "30.033"
    assert asked.count("-i") == 1


def test_a_source_can_name_no_other_file_or_network() -> None:
    asked = render.arguments(cut(), [output()])

    formats = after(asked, "-format_whitelist").split(",")
    assert not {"hls", "dash", "concat", "applehttp"} & set(formats)
    assert not {"concat", "data", "subfile", "rtmp"} & set(
        after(asked, "-protocol_whitelist").split(",")
    )
    assert asked.index("-format_whitelist") < asked.index("-i")


def test_the_picture_is_cropped_scaled_and_then_captioned() -> None:
    made = graph()

    steps = [made.index(step) for step in ("fps=30", "crop=608:1080", "scale=1080:1920", "ass=")]
    assert steps == sorted(steps)
    assert "ass=captions.ass:fontsdir=fonts" in made  # fixed names: nothing to escape
    assert LINK not in made


def test_sound_is_levelled_by_a_constant_gain_under_a_ceiling() -> None:
    made = graph(of=cut(gain_db=-2.5))

    assert "volume=-2.5dB,alimiter=limit=0.84:level=0" in made
    assert "loudnorm" not in made


def test_a_film_without_sound_gets_silence() -> None:
    made = graph(of=cut(sound=False))

    assert "[0:a" not in made
    assert "anullsrc" in made


def test_a_draft_is_encoded_faster_than_a_standard_export() -> None:
    presets = {
        quality: after(render.arguments(cut(), [output(quality=quality)]), "-preset")
        for quality in ("draft", "standard")
    }

    assert presets == {"draft": "ultrafast", "standard": "superfast"}


@pytest.mark.parametrize(
    ("heard", "decibels"),
    [(-14, 0), (-30, 16), (-5, -9), (-50, 20), (-60, 0), (loudness.SILENT, 0), (20, -20)],
)
def test_the_gain_aims_at_14_lufs_and_blows_up_no_silence(heard: float, decibels: float) -> None:
    assert render.gain(heard) == decibels


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("I:         -23.1 LUFS\n I: -18.4 LUFS", -18.4),
        ("I: -inf LUFS", loudness.SILENT),
        ("I: nan LUFS", loudness.SILENT),
        ("I: -70.0 LUFS", loudness.SILENT),
        ("", loudness.SILENT),
    ],
)
def test_the_last_figure_of_the_meter_counts(said: str, heard: float) -> None:
    assert loudness.integrated(said) == heard


@pytest.mark.parametrize("aspect", RATIOS)
@pytest.mark.parametrize("plan", list(Plan))
@pytest.mark.parametrize("source", [FULL_HD, Size(641, 359), Size(1080, 1920), Size(3840, 2160)])
def test_frames_are_even_in_shape_within_the_plan_and_inside_of_the_source(
    aspect: str, plan: Plan, source: Size
) -> None:
    frame = framing(source, aspect, plan=plan, height=2160)
    across, down = RATIOS[aspect]
    most = {Plan.FREE: 720, Plan.PRO: 1080, Plan.BUSINESS: 2160}[plan]

    assert min(frame.output.width, frame.output.height) == most
    assert frame.output.ratio == pytest.approx(across / down, abs=0.005)
    for size in (frame.output, frame.crop):
        assert size.width % 2 == size.height % 2 == 0
    assert frame.crop.width <= source.width + 1
    assert frame.crop.height <= source.height + 1
