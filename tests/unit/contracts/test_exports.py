"""The id of an export follows from what is asked for."""

import pytest

from clipforge.v1.common_pb2 import BrandKit, CaptionStyle, RenderOptions
from clipforge_contracts import ids
from clipforge_contracts.exports import export_id
from samples import clip, render


def test_a_wish_without_a_brand_has_the_id_that_it_always_had() -> None:
    former = ids.derive("exp", clip().id, 10_000, 40_000, "9:16", "pop", "standard", 0)

    assert export_id(clip(), render()) == former
    assert export_id(clip(), render(), 1) == ids.derive(
        "exp", clip().id, 10_000, 40_000, "9:16", "pop", "standard", 0, 1
    )


@pytest.mark.parametrize(
    "more",
    [
        {"kit": BrandKit(kit_id="kit_1", version=1, name="Ours")},
        {"kit": BrandKit(kit_id="kit_1", version=2, name="Ours")},
        {"caption": CaptionStyle(style_id="sty_1", version=1, base="pop")},
        {"caption": CaptionStyle(style_id="sty_1", version=2, base="pop")},
        {"target_lufs": -16.0},
    ],
)
def test_each_version_of_a_look_is_a_wish_of_its_own(more: dict[str, object]) -> None:
    look = RenderOptions()
    look.CopyFrom(render())
    look.MergeFrom(RenderOptions(**more))  # type: ignore[arg-type]
    renamed = RenderOptions()
    renamed.CopyFrom(look)
    renamed.kit.name += " and others"

    assert export_id(clip(), look) != export_id(clip(), render())
    if look.HasField("kit"):
        assert export_id(clip(), renamed) == export_id(clip(), look)
