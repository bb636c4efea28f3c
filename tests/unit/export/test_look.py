"""A named style, as a tenant's own and his kit change it."""

import pytest

from clipforge.v1.common_pb2 import BrandKit, CaptionStyle, RenderOptions
from clipforge_contracts.styles import STYLES
from clipforge_contracts.validation import BUILT_IN
from clipforge_export import fonts
from clipforge_export.look import in_font, position_of, style_of
from exporting import metrics


def render(style: str, **more: object) -> RenderOptions:
    return RenderOptions(aspect="9:16", style=style, quality="draft", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BUILT_IN)
def test_without_a_kit_and_changes_a_style_is_itself(name: str) -> None:
    assert style_of(render(name)) == STYLES[name]


def test_without_captions_there_is_no_style() -> None:
    assert style_of(render("none", kit=BrandKit(text_colour="#112233"))) is None


def test_the_kits_colours_win_over_those_of_the_style() -> None:
    own = CaptionStyle(base="pop", text_colour="#111111", highlight_colour="#222222", size=90)

    style = style_of(render("pop", caption=own, kit=BrandKit(text_colour="#333333")))

    assert style is not None
    assert (style.base, style.active, style.size) == ("#333333", "#222222", 90)


def test_the_background_is_the_box_where_there_is_one_and_else_the_outline() -> None:
    kit = BrandKit(background_colour="#445566")

    boxed, pop = (style_of(render(name, kit=kit)) for name in ("boxed", "pop"))

    assert boxed is not None
    assert pop is not None
    assert (boxed.box, boxed.edge) == ("#445566", STYLES["boxed"].edge)
    assert (pop.box, pop.edge) == ("", "#445566")


@pytest.mark.parametrize("animation", BUILT_IN)
def test_any_style_can_move_as_any_other(animation: str) -> None:
    own = CaptionStyle(base="pop", animation=animation)

    style = style_of(render("pop", caption=own))

    assert style is not None
    assert style.effect == STYLES[animation].effect
    assert bool(style.box) == bool(STYLES[animation].box)
    assert (style.words == 1) == (animation == "single")
    assert style.font == "anton"


def test_the_position_is_the_kits_and_else_the_styles() -> None:
    own = CaptionStyle(base="pop", position="top")

    assert position_of(render("pop")) == ""
    assert position_of(render("pop", caption=own)) == "top"
    assert position_of(render("pop", caption=own, kit=BrandKit(caption_position="middle"))) == (
        "middle"
    )


def test_letters_of_another_font_are_as_large() -> None:
    style = STYLES["pop"]
    usual = metrics(style)
    own = fonts.metrics(fonts.file("poppins", "Poppins-Bold.ttf"))

    changed = in_font(style, own, usual)

    em = style.size * usual.units / usual.cell
    assert changed.size * own.units / own.cell == pytest.approx(em, rel=0.01)
