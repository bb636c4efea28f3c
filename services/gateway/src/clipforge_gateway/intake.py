"""What a film is made of and what is to be made of it: from a request to what its fact says."""

from clipforge.v1.common_pb2 import AssetSource, ProjectOptions, Source, UploadSource, UrlSource
from clipforge_catalog.queries import assets
from clipforge_contracts import ids, keys
from clipforge_gateway import schemas, wishes
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import CONFLICT, GONE, INVALID, Problem
from clipforge_gateway.routes import uploads


def source(
    caller: Caller, said: schemas.UrlSource | schemas.UploadSource | schemas.AssetSource
) -> Source:
    """Where the film comes from. A Problem where it cannot come from there."""
    if isinstance(said, schemas.UrlSource):
        return Source(url=UrlSource(url=said.url))
    if isinstance(said, schemas.AssetSource):
        return Source(asset=AssetSource(sha256=said.sha256))
    if not ids.is_id(said.upload_id, "upl"):
        raise Problem(INVALID, "`upload_id` is not the id of an upload.")
    key = keys.upload(caller.tenant_id, said.upload_id)
    return Source(upload=UploadSource(upload_id=said.upload_id, object_key=key))


async def take_up(parts: Parts, caller: Caller, source: Source) -> None:
    """Have the upload or the film that a project is made of, where it is made of one."""
    if source.HasField("upload"):
        await _take_upload(parts, caller, source)
    if source.HasField("asset"):
        await _take_asset(parts, caller, source)


async def _take_upload(parts: Parts, caller: Caller, source: Source) -> None:
    # First, so that a removal of old uploads leaves it alone from now on.
    known = await uploads.renew(parts, caller, source.upload.upload_id)
    if await parts.store.stat(source.upload.object_key) is None:
        raise Problem(CONFLICT, "This upload is not complete: upload its parts, then complete it.")
    source.upload.file_name = known.file_name if known else ""


async def _take_asset(parts: Parts, caller: Caller, source: Source) -> None:
    wanted = ids.asset(caller.tenant_id, source.asset.sha256)
    async with parts.sessions() as session:
        found = await assets.last_use(session, caller.tenant_id, wanted)
    if found is None:
        raise Problem(INVALID, "You have no film of this `sha256`: upload it.")
    asset, project = found
    source.asset.object_key = asset.objects["source_key"]
    source.asset.title = project.title
    if project.expired_at or await parts.store.stat(source.asset.object_key) is None:
        raise Problem(GONE, "This film was kept as long as your plan says: upload it again.")


async def options(parts: Parts, caller: Caller, said: schemas.ProjectOptions) -> ProjectOptions:
    """What is to be made of it, with kit and style as they are now."""
    if said.max_clip_ms and said.min_clip_ms > said.max_clip_ms:
        raise Problem(INVALID, "`min_clip_ms` is above `max_clip_ms`.")
    return ProjectOptions(
        language=said.language,
        vocabulary=said.vocabulary,
        clip_count=said.clips,
        min_clip_ms=said.min_clip_ms,
        max_clip_ms=said.max_clip_ms,
        auto_export=said.auto_export,
        model=said.model,
        render=await wishes.render_options(parts, caller, said),
    )
