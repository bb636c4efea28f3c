"""Where the window is: on the face, still where it can be, never faster than an eye likes."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from clipforge_contracts.plans import Plan
from clipforge_export import reframing
from clipforge_export.expression import follow
from clipforge_export.frame import Size, framing
from clipforge_export.reframing import Face, Key, Sample, Shots

FRAME = framing(Size(1920, 1080), "9:16", plan=Plan.BUSINESS, height=0)
WINDOW = FRAME.crop.width
JITTER = 25  # pixels of a detector's noise


def samples(where: Sequence[tuple[float, tuple[float, ...]]]) -> tuple[Sample, ...]:
    return tuple(Sample(time, tuple(Face(x, 400, 40_000, 0.9) for x in xs)) for time, xs in where)


def edges(keys: list[Key], times: Any) -> Any:
    return np.interp(times, [time for time, _ in keys], [x for _, x in keys])


def test_a_still_face_under_a_trembling_detector_gets_a_still_window() -> None:
    noise = random.Random(1)
    shots = Shots(
        samples([(n / 3, (900 + noise.uniform(-JITTER, JITTER),)) for n in range(90)]), (0.0,)
    )

    keys = reframing.path(shots, FRAME, 30)

    assert len({x for _, x in keys}) == 1
    assert keys[0][1] + WINDOW / 2 == pytest.approx(900, abs=JITTER)


def test_a_walking_face_stays_in_the_middle_of_a_window_that_moves_smoothly() -> None:
    noise = random.Random(2)

    def face(time: float) -> float:
        return 960 - 550 * math.cos(2 * math.pi * time / 20)

    shots = Shots(
        samples([(n / 3, (face(n / 3) + noise.uniform(-JITTER, JITTER),)) for n in range(60)]),
        (0.0,),
    )
    times = np.arange(0, 20, 1 / 30)

    left = edges(reframing.path(shots, FRAME, 20), times)

    faces = np.array([face(time) for time in times])
    inside = np.abs(left + WINDOW / 2 - faces) < 0.3 * WINDOW
    assert inside.mean() >= 0.95
    speed = np.abs(np.diff(left)) * 30
    fastest = 550 * 2 * math.pi / 20  # of the face itself
    assert speed.max() < 1.5 * fastest


def test_each_shot_gets_one_place_and_cuts_are_steps() -> None:
    shots = Shots(samples([(n / 3, (400 if n < 15 else 1500,)) for n in range(30)]), (0.0, 5.0))
    times = np.arange(0, 10, 1 / 30)

    left = edges(reframing.path(shots, FRAME, 10), times)

    assert set(np.round(left[times < 4.99])) == {round(400 - WINDOW / 2)}
    assert set(np.round(left[times >= 5.0])) == {round(1500 - WINDOW / 2)}


def test_without_a_face_the_whole_picture_is_shown() -> None:
    shots = Shots(samples([(n / 3, ()) for n in range(30)]), (0.0,))

    assert reframing.layout(shots, FRAME) == "fit"


def test_a_window_without_any_face_is_in_the_centre() -> None:
    keys = reframing.path(Shots((), (0.0,)), FRAME, 10)

    assert {x for _, x in keys} == {(1920 - WINDOW) / 2}


def test_a_shot_without_a_face_keeps_the_window_where_it_was() -> None:
    faces = [(n / 3, (400,) if n < 15 else ()) for n in range(30)]

    keys = reframing.path(Shots(samples(faces), (0.0, 5.0)), FRAME, 10)

    assert {x for _, x in keys} == {400 - WINDOW / 2}


def test_the_window_never_leaves_the_picture() -> None:
    shots = Shots(samples([(0.0, (5,)), (1.0, (1915,)), (2.0, (5,)), (3.0, (1915,))]), (0.0,))

    keys = reframing.path(shots, FRAME, 4)

    assert all(0 <= x <= 1920 - WINDOW for _, x in keys)


def test_of_two_faces_the_window_stays_with_one() -> None:
    shots = Shots(samples([(n / 3, (400, 1500)) for n in range(30)]), (0.0,))

    keys = reframing.path(shots, FRAME, 10)

    assert len({x for _, x in keys}) == 1
    assert keys[0][1] in (400 - WINDOW / 2, 1500 - WINDOW / 2)


@pytest.mark.parametrize(
    ("source", "aspect", "layout"),
    [
        (Size(1080, 1920), "9:16", "full"),
        (Size(1080, 1920), "16:9", "fit"),
        (Size(1080, 1920), "1:1", "fit"),
        (Size(1920, 1080), "16:9", "full"),
        (Size(1920, 1080), "4:5", "track"),
        (Size(1081, 607), "1:1", "track"),
    ],
)
def test_the_layout_follows_the_shapes(source: Size, aspect: str, layout: str) -> None:
    frame = framing(source, aspect, plan=Plan.BUSINESS, height=0)
    shots = Shots(samples([(n / 3, (source.width / 2,)) for n in range(9)]), (0.0,))

    assert reframing.layout(shots, frame) == layout


def test_a_path_of_a_thousand_keys_is_an_expression_that_ffmpeg_can_nest() -> None:
    keys = [(n / 10, float(n * 7 % 500)) for n in range(1000)]

    expression = follow(keys)

    assert _depth(expression) < 40
    for (t0, x0), (t1, x1) in list(pairwise(keys))[::97]:
        assert _value(expression, (t0 + t1) / 2) == pytest.approx((x0 + x1) / 2, abs=0.5)


def _depth(expression: str) -> int:
    depth = deepest = 0
    for letter in expression:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        deepest = max(deepest, depth)
    return deepest


def _value(expression: str, time: float) -> float:
    """As ffmpeg reads it: conditions on the time, and lines."""
    known = {
        "iff": lambda asked, yes, no: yes if asked else no,
        "lt": lambda one, two: one < two,
        "t": time,
    }
    return float(eval(expression.replace("if(", "iff("), {"__builtins__": {}}, known))  # noqa: S307
