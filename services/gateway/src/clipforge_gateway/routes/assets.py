"""Films by the hash of their bytes: what is known of them, and what they are used for."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from clipforge_catalog.queries import assets
from clipforge_catalog.queries.assets import Use
from clipforge_catalog.tables import Asset
from clipforge_gateway import cursors, schemas, views
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.downloads import link
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import NOT_FOUND, Problem, documented

router = APIRouter(prefix="/v1/assets", tags=["assets"])

NAMED: Final = 100  # projects that one answer names; `listProjects` has all
PICTURES: Final = ("poster", "thumbnails", "peaks")
FilmId = Annotated[str, Path(max_length=64, pattern=r"^ast_[a-z0-9]{26}$")]


class AssetMediaView(schemas.MediaView):
    container: str
    video_codec: str
    audio_codec: str
    rotation: int = Field(description="Degrees clockwise that a player turns the picture")
    variable_frame_rate: bool
    hdr: bool


class AssetView(BaseModel):
    id: str
    sha256: str = Field(description="Of its bytes: a project can be made of it by this")
    kept: bool = Field(description="Whether the film itself is still stored")
    media: AssetMediaView
    files: dict[str, str] = Field(
        description="Links to poster and thumbnails (JPEG) and peaks (of the sound, a byte for "
        "each 50 ms), good for an hour; none once the film is not kept"
    )
    thumbnail_interval_ms: int = Field(description="Between two tiles of `thumbnails`; 0: none")
    thumbnail_columns: int
    project_count: int = Field(description="How many projects are made of it")
    created_at: datetime


class AssetDetailView(AssetView):
    project_ids: list[str] = Field(
        description="The newest hundred of them; `GET /v1/projects?asset_id=` has all"
    )


@router.get(
    "", operation_id="listAssets", summary="Your films, newest first", responses=documented()
)
async def list_assets(
    parts: PartsDep, caller: CallerDep, cursor: After = "", limit: Limit = 20
) -> schemas.PageView[AssetView]:
    """Each once, however many projects are made of it."""
    async with (await parts.reads.of(caller.tenant_id))() as session:
        page = await assets.of_tenant(
            session, caller.tenant_id, after=cursors.read(cursor), limit=limit
        )
        uses = await assets.uses(session, [row.id for row in page.rows])
    return schemas.PageView(
        items=[await _view(parts, row, uses.get(row.id, Use())) for row in page.rows],
        next=cursors.write(page.next),
    )


@router.get(
    "/{film_id}", operation_id="getAsset", summary="A film", responses=documented(NOT_FOUND)
)
async def get_asset(film_id: FilmId, parts: PartsDep, caller: CallerDep) -> AssetDetailView:
    """What it is, and which projects are made of it."""
    async with (await parts.reads.of(caller.tenant_id))() as session:
        row = await assets.get(session, caller.tenant_id, film_id)
        if row is None:
            raise Problem(NOT_FOUND, "There is no film of this id.")
        uses = await assets.uses(session, [film_id])
        users = await assets.users(session, film_id, limit=NAMED)
    view = await _view(parts, row, uses.get(film_id, Use()))
    return AssetDetailView(**view.model_dump(), project_ids=list(users))


async def _view(parts: Parts, row: Asset, use: Use) -> AssetView:
    kept = use.kept_by > 0
    known = {name: row.objects.get(f"{name}_key") for name in PICTURES} if kept else {}
    return AssetView(
        id=row.id,
        sha256=row.sha256,
        kept=kept,
        media=AssetMediaView(
            **views.media(row.media).model_dump(),
            container=row.media.get("container", ""),
            video_codec=row.media.get("video_codec", ""),
            audio_codec=row.media.get("audio_codec", ""),
            rotation=row.media.get("rotation", 0),
            variable_frame_rate=row.media.get("variable_frame_rate", False),
            hdr=row.media.get("hdr", False),
        ),
        files={
            name: await link(parts, key, file_name=key.rpartition("/")[2])
            for name, key in known.items()
            if key
        },
        thumbnail_interval_ms=row.objects.get("thumbnail_interval_ms", 0),
        thumbnail_columns=row.objects.get("thumbnail_columns", 0),
        project_count=use.projects,
        created_at=row.created_at,
    )
