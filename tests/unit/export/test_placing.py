"""Pictures of a brand lie in their corner, inside of what is free, and never under captions."""

import pytest

from clipforge.v1.common_pb2 import BrandAsset, BrandPicture
from clipforge_contracts.plans import Plan
from clipforge_contracts.styles import STYLES, Style
from clipforge_contracts.validation import CORNERS, POSITIONS
from clipforge_export.canvas import CANVASES
from clipforge_export.captions import LEADING
from clipforge_export.frame import Size, framing
from clipforge_export.placing import Overlay, place

WIDE, TALL = (600, 200), (100, 400)


def placed(
    aspect: str, corner: str, position: str, style: Style | None, size: tuple[int, int] = WIDE
) -> tuple[Overlay, Size]:
    output = framing(Size(1920, 1080), aspect, plan=Plan.BUSINESS, height=720).output
    width, height = size
    picture = BrandPicture(
        asset=BrandAsset(width=width, height=height), corner=corner, opacity=50, scale=20
    )
    safe = CANVASES[aspect].at(position)
    return place(picture, "logo.png", output, safe, style), output


@pytest.mark.parametrize("aspect", CANVASES)
@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("size", [WIDE, TALL])
def test_a_picture_lies_in_its_corner_inside_of_the_clip(
    aspect: str, corner: str, size: tuple[int, int]
) -> None:
    made, output = placed(aspect, corner, "bottom", None, size)

    assert made.width / made.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert max(made.width, made.height) == pytest.approx(720 * 0.2, abs=2)
    assert made.x > 0
    assert made.x + made.width < output.width
    assert made.y > 0
    assert made.y + made.height < output.height
    assert (made.x + made.width / 2 < output.width / 2) == corner.endswith("left")
    assert (made.y + made.height / 2 < output.height / 2) == corner.startswith("top")
    assert made.opacity == 0.5
    for pixels in (made.x, made.y, made.width, made.height):
        assert pixels % 2 == 0


@pytest.mark.parametrize("aspect", CANVASES)
@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_picture_never_lies_under_captions(
    aspect: str, corner: str, position: str, style: Style
) -> None:
    made, output = placed(aspect, corner, position, style)

    safe = CANVASES[aspect].at(position)
    zoom = output.width / safe.width
    half = style.size * ((style.lines - 1) * LEADING / 2 + 0.55)
    beside = made.x + made.width < safe.left * zoom or made.x > safe.right * zoom
    above = made.y + made.height < (safe.centre_y - half) * zoom
    below = made.y > (safe.centre_y + half) * zoom
    assert beside or above or below


def test_in_tall_clips_the_platforms_buttons_stay_free() -> None:
    made, output = placed("9:16", "bottom-right", "bottom", None)

    assert made.x + made.width <= 930 * output.width / 1080
    assert made.y + made.height <= 1500 * output.height / 1920
