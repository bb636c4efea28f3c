"""Outputs of one clip that were asked for together: one decode, and none fails for another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from branding import files, kit
from clipforge.v1.common_pb2 import RenderOptions
from clipforge.v1.facts_pb2 import ClipExported, ExportRequested, Output
from clipforge_contracts import ids
from clipforge_export.company import MOST_PIXELS
from clipforge_export.handler import export_clip
from clipforge_media import ffmpeg
from clipforge_media.probe import probe
from clipforge_runtime.testing import FolderStore
from exporting import request, spoken, stored
from films import Films
from samples import EXPORT

pytestmark = pytest.mark.integration

SHAPES = {"1:1": (360, 360), "16:9": (640, 360)}


@pytest.fixture
async def store(tmp_path: Path, films: Films) -> FolderStore:
    opened = FolderStore(tmp_path / "store")
    await stored(opened, films("plain.mp4"), spoken("Hello there"))
    return opened


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each pass of ffmpeg has written that was a render."""
    seen: list[int] = []
    run = ffmpeg.run

    async def counted(arguments: Sequence[str], **options: Any) -> str:
        if "-filter_complex" in arguments:
            seen.append(arguments.count("libx264"))
        return await run(arguments, **options)

    monkeypatch.setattr(ffmpeg, "run", counted)
    return seen


def id_of(aspect: str) -> str:
    return ids.derive("exp", aspect)


def wish(films: Films, *others: str, aspect: str = "9:16") -> ExportRequested:
    """An output and, asked for together with it, the same in other shapes."""
    made = request(films("plain.mp4"), 0, 1000, aspect=aspect)
    made.group_id = ids.derive("bat", "group")
    made.together.extend(
        Output(export_id=id_of(other), render=_in_shape(made.render, other)) for other in others
    )
    return made


def _in_shape(render: RenderOptions, aspect: str) -> RenderOptions:
    other = RenderOptions()
    other.CopyFrom(render)
    other.aspect = aspect
    return other


async def export(
    asked: ExportRequested, store: FolderStore, tmp_path: Path, strain: int = 0
) -> list[ClipExported]:
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return await export_clip(
        asked, store=store, progress=lambda *_: None, scratch=scratch, strain=lambda: strain
    )


async def test_outputs_of_a_clip_are_rendered_in_one_pass_each_as_if_alone(
    tmp_path: Path, store: FolderStore, films: Films, renders: list[int]
) -> None:
    made = await export(wish(films, *SHAPES), store, tmp_path)

    assert renders == [3]
    assert made[-1].export_id == EXPORT  # its own comes last: then nothing is left to do
    for each in made[:-1]:
        found = probe(tmp_path / "store" / each.record.objects.clip_key)
        [aspect] = [one for one in SHAPES if id_of(one) == each.export_id]
        assert (found.width, found.height) == SHAPES[aspect]
        assert abs(found.duration_ms - 1000) < 50
    alone = await export(request(films("plain.mp4"), 0, 1000, aspect="1:1"), store, tmp_path)
    assert [one.cached for one in alone] == [True]
    assert renders == [3]


async def test_what_is_there_already_is_left_out(
    tmp_path: Path, store: FolderStore, films: Films, renders: list[int]
) -> None:
    await export(request(films("plain.mp4"), 0, 1000, aspect="1:1"), store, tmp_path)

    made = await export(wish(films, *SHAPES), store, tmp_path)

    assert renders == [1, 2]
    assert {one.export_id for one in made} == {EXPORT, id_of("16:9")}


async def test_an_output_that_cannot_be_made_fails_no_other(
    tmp_path: Path, store: FolderStore, films: Films, renders: list[int]
) -> None:
    asked = wish(films, *SHAPES)
    broken = await kit(store, files(tmp_path))
    broken.ClearField("intro")
    broken.ClearField("outro")
    await store.delete([broken.logo.asset.key])
    asked.together[0].render.kit.CopyFrom(broken)

    made = await export(asked, store, tmp_path)

    assert [one.export_id for one in made] == [EXPORT]
    assert renders == [1]
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_after_a_crash_and_in_4k_each_is_rendered_alone(
    tmp_path: Path, store: FolderStore, films: Films, renders: list[int]
) -> None:
    await export(wish(films, *SHAPES), store, tmp_path, strain=1)
    large = wish(films, "4:5", aspect="1:1")
    for render in (large.render, large.together[0].render):
        render.height = 2160
    assert MOST_PIXELS < 2160 * 2160 * 2

    made = await export(large, store, tmp_path)

    assert renders == [1, 1]
    assert [one.export_id for one in made] == [EXPORT]


async def test_outputs_with_another_intro_are_rendered_apart(
    tmp_path: Path, store: FolderStore, films: Films, renders: list[int]
) -> None:
    asked = wish(films, "1:1", "16:9")
    asked.together[0].render.kit.CopyFrom(await kit(store, files(tmp_path)))

    made = await export(asked, store, tmp_path)

    assert renders == [2]
    assert {one.export_id for one in made} == {EXPORT, id_of("16:9")}
