"""Facts about projects: where each stands, and what it has led to."""

from typing import Final

from sqlmodel import and_, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from clipforge.v1.facts_pb2 import (
    ChunkCut,
    ClipsDetected,
    JobReplayed,
    ProjectCancelled,
    ProjectDeleted,
    ProjectEdited,
    ProjectExpired,
    ProjectSubmitted,
    StageFailed,
    VideoImported,
    VideoTranscribed,
)
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import (
    Asset,
    Clip,
    DeletedProject,
    Export,
    Job,
    JobState,
    Project,
    ProjectState,
)
from clipforge_contracts import ids, keys
from clipforge_contracts.documents import as_dict
from clipforge_contracts.facts import Fact, project_of
from clipforge_contracts.pipeline import CLIP_DETECTION, IMPORT, TRANSCRIPTION
from clipforge_contracts.plans import Plan
from clipforge_projector import tally
from clipforge_projector.projections import clip, day, job, removal, transcript
from clipforge_runtime.bus import Entry
from clipforge_runtime.dead_letter import UNREADABLE

# The first of these in the log's order stays; what comes later is only recorded.
FINAL: Final = {ProjectState.READY, ProjectState.CANCELLED}
OVER: Final = {*FINAL, ProjectState.FAILED}
AT: Final = {  # where a project stands while it waits for a stage
    IMPORT.name: ProjectState.QUEUED,
    TRANSCRIPTION.name: ProjectState.TRANSCRIBING,
    CLIP_DETECTION.name: ProjectState.DETECTING,
}
AFTER: Final = {  # where the outcome of a stage brings it
    IMPORT.name: ProjectState.TRANSCRIBING,
    TRANSCRIPTION.name: ProjectState.DETECTING,
    CLIP_DETECTION.name: ProjectState.READY,
}
FORWARD: Final = [ProjectState.QUEUED, *AFTER.values()]


async def submitted(session: AsyncSession, fact: ProjectSubmitted, entry: Entry) -> None:
    project_id = fact.project.project_id
    if upload := fact.source.upload.object_key:
        await removal.wanted(session, removal.folder(upload))
    if film := fact.source.asset.object_key:
        await removal.wanted(session, removal.folder(film))
    for table in (Project, DeletedProject):
        if await session.get(table, project_id) is not None:
            return
    asset = await _asset_of(session, fact)
    project = Project(
        id=project_id,
        tenant_id=fact.project.tenant_id,
        plan=Plan.read(fact.project.plan),
        title=fact.title,
        source=as_dict(fact.source),
        options=as_dict(fact.options),
        asset_id=asset.id if asset else None,
        sequence=entry.sequence,
        updated_sequence=entry.sequence,
        created_at=entry.time,
        updated_at=entry.time,
    )
    session.add(project)
    await day.project_taken_in(session, project.tenant_id, entry)
    if asset is not None:  # nobody else may have kept it until now
        await day.film_kept(session, project, asset.id, int(asset.media["bytes"]), entry)


async def _asset_of(session: AsyncSession, fact: ProjectSubmitted) -> Asset | None:
    """The film that it names by its hash, which is kept from now on for its sake, too."""
    if not fact.source.HasField("asset"):
        return None
    return await session.get(Asset, ids.asset(fact.project.tenant_id, fact.source.asset.sha256))


async def imported(session: AsyncSession, fact: VideoImported, entry: Entry) -> None:
    project = await _advance(session, fact, entry, AFTER[IMPORT.name])
    if project is None:
        return
    if project.asset_id != fact.asset_id:
        await day.film_kept(session, project, fact.asset_id, fact.media.bytes, entry)
    project.asset_id = fact.asset_id
    await removal.wanted(session, removal.folder(fact.objects.source_key))
    project.title = project.title or fact.title  # what it was called meanwhile stays
    # One film of two projects was first imported once, also where the second is deleted by now.
    known = await session.get(Asset, fact.asset_id)
    if known is None:
        tally.of(session).note(tally.SOURCE_BYTES, fact.media.bytes)
    await session.merge(
        Asset(
            id=fact.asset_id,
            tenant_id=fact.project.tenant_id,
            sha256=fact.media.sha256,
            media=as_dict(fact.media),
            objects=as_dict(fact.objects),
            sequence=known.sequence if known else entry.sequence,
            created_at=known.created_at if known else entry.time,
        )
    )


async def transcribed(session: AsyncSession, fact: VideoTranscribed, entry: Entry) -> None:
    project = await _advance(session, fact, entry, AFTER[TRANSCRIPTION.name])
    if project is None:
        return
    await transcript.transcribed(session, fact, project, entry)


async def clips_detected(session: AsyncSession, fact: ClipsDetected, entry: Entry) -> None:
    project = await _advance(session, fact, entry, AFTER[CLIP_DETECTION.name])
    if project is None:
        return
    project.clips_key = fact.clips_key
    await removal.wanted(session, fact.clips_key)
    await session.flush()
    await removal.due(session, await _parts_of(session, project), entry)
    for rank, found in enumerate(fact.clips):
        await clip.detected(session, found, project, rank, entry)
    await transcript.clips_changed(session, project)


async def failed(session: AsyncSession, fact: StageFailed, entry: Entry) -> None:
    """A failed export is no failure of its project, nor is a message that nobody could read."""
    if fact.about != fact.project.project_id or fact.reason == UNREADABLE:
        return
    if await job.ended(session, fact.job_id):
        return
    project = await _advance(session, fact, entry, ProjectState.FAILED)
    if project is not None and project.state == ProjectState.FAILED:
        project.failed_stage = fact.stage
        project.failure_reason = fact.reason
        project.failure_sentence = fact.sentence


async def replayed(session: AsyncSession, fact: JobReplayed, entry: Entry) -> None:
    """Work goes on where it had failed."""
    if fact.about != fact.project.project_id or await job.is_known(session, fact.job_id):
        return
    project = await session.get(Project, fact.project.project_id)
    if project is not None and project.state == ProjectState.FAILED:
        _stand(project, AT[fact.stage], entry)
        _touch(project, entry)


async def left_out(session: AsyncSession, fact: Fact, entry: Entry) -> None:
    """The rows cannot show this fact; its project must not look as if work were going on."""
    project = await _advance(session, fact, entry, ProjectState.FAILED)
    if project is not None and project.state == ProjectState.FAILED:
        project.failed_stage = "projector"
        project.failure_reason = "not-recorded"
        project.failure_sentence = (
            f"A result was made but could not be recorded (message {entry.sequence}). "
            "This is a defect of ClipForge: please report it with this number."
        )


async def cancelled(session: AsyncSession, fact: ProjectCancelled, entry: Entry) -> None:
    """What waits for it, or will, is cancelled, also where the project itself was ready before."""
    project = await _advance(session, fact, entry, ProjectState.CANCELLED)
    if project is None:
        return
    project.cancelled_at = project.cancelled_at or entry.time
    for table in (Job, Export):
        await session.exec(
            update(table)
            .where(col(table.project_id) == project.id, col(table.state) == JobState.WAITING)
            .values(state=JobState.CANCELLED, finished_at=entry.time)
        )


async def edited(session: AsyncSession, fact: ProjectEdited, entry: Entry) -> None:
    """The next version of title and options. Older ones change nothing."""
    project = await session.get(Project, fact.project.project_id)
    if project is None or project.version >= fact.version:
        return
    project.version, project.title = fact.version, fact.title
    chosen = as_dict(fact.options)
    if not fact.failed_stage or fact.failed_stage != project.failed_stage:
        # Work has gone on with the options that it had; exports to come ask for the kit.
        kit = {"kit": chosen["render"]["kit"]} if "kit" in chosen["render"] else {}
        before = {**project.options.get("render", {})}
        before.pop("kit", None)
        chosen = {**project.options, "render": before | kit}
    project.options = chosen
    _touch(project, entry)


async def deleted(session: AsyncSession, fact: ProjectDeleted, entry: Entry) -> None:
    """Forget the project, and list the objects that nobody refers to any more."""
    project = await session.get(Project, fact.project.project_id)
    if project is None:
        return
    await day.film_let_go(session, project, entry)
    await day.clips_let_go(session, project, entry)
    left = await _objects_of(session, project) | await transcript.deleted(session, project)
    for table in (Clip, Export, Job):
        await session.exec(delete(table).where(col(table.project_id) == project.id))
    await session.delete(project)
    await session.flush()
    session.add(DeletedProject(id=project.id, tenant_id=project.tenant_id, deleted_at=entry.time))
    await removal.due(session, left, entry)


async def chunk_cut(session: AsyncSession, fact: ChunkCut, entry: Entry) -> None:
    """Remember where the transcripts of its parts lie."""
    project = await session.get(Project, fact.film.project.project_id)
    if project is not None and not project.chunks_key:
        key = keys.chunk(project.tenant_id, fact.plan.plan_hash, 0, len(fact.plan.spans))
        project.chunks_key = removal.folder(key)
        await removal.wanted(session, project.chunks_key)


async def expired(session: AsyncSession, fact: ProjectExpired, entry: Entry) -> None:
    """Source, sound and pictures go, where no other project needs them; rows and texts stay."""
    project = await session.get(Project, fact.project.project_id)
    if project is None or project.expired_at or project.finished_at is None:
        return
    await day.film_let_go(session, project, entry)
    project.expired_at = entry.time
    _touch(project, entry)
    await session.flush()
    await removal.due(session, await _film_of(session, project), entry)


async def _advance(
    session: AsyncSession, fact: Fact, entry: Entry, state: ProjectState
) -> Project | None:
    """The project, in its new state where that lies ahead; None where it has been deleted."""
    project = await session.get(Project, project_of(fact).project_id)
    if project is None:
        return None
    _touch(project, entry)
    if _lies_ahead(project, state):
        if state in OVER and project.state != state:
            tally.project_over(session, project, state, entry.time)
        _stand(project, state, entry)
    return project


def _lies_ahead(project: Project, state: ProjectState) -> bool:
    """Facts come twice, and from the log's beginning where it was made anew: nothing goes back."""
    if project.state in FINAL or state not in FORWARD:
        return project.state not in FINAL
    # What has succeeded outranks what has failed, of the same stage or of one before.
    reached = AT.get(project.failed_stage or "") if project.failed_stage else project.state
    return reached is None or FORWARD.index(state) > FORWARD.index(ProjectState(reached))


def _stand(project: Project, state: ProjectState, entry: Entry) -> None:
    project.state = state
    project.finished_at = entry.time if state in OVER else None
    if state is not ProjectState.FAILED:
        project.failed_stage = project.failure_reason = project.failure_sentence = None


def _touch(project: Project, entry: Entry) -> None:
    if entry.time >= project.updated_at:
        project.updated_sequence = entry.sequence
        project.updated_at = entry.time


async def _objects_of(session: AsyncSession, project: Project) -> set[str]:
    found: set[str] = set()
    exports = await session.exec(select(Export).where(Export.project_id == project.id))
    for export in exports.all():
        objects = export.record.get("objects", {})
        if objects and not await _another(session, project, Export.record == export.record):
            found.add(objects["clip_key"].rpartition("/")[0] + "/")
    key = project.clips_key
    if key and not await _another(session, project, Project.clips_key == key):
        found.add(key)
    found |= await _film_of(session, project)
    if project.asset_id and not await _another(
        session, project, Project.asset_id == project.asset_id
    ):
        asset = await session.get(Asset, project.asset_id)
        if asset is not None:
            await session.delete(asset)
    return found


async def _film_of(session: AsyncSession, project: Project) -> set[str]:
    """Where its film, what was derived from it, its parts and its upload lie, if nobody else's."""
    found: set[str] = set()
    asset = await session.get(Asset, project.asset_id) if project.asset_id else None
    if asset is not None and not await _another(
        session,
        project,
        and_(col(Project.asset_id) == asset.id, col(Project.expired_at).is_(None)),
    ):
        found.add(removal.folder(asset.objects["source_key"]))
    if upload := project.source.get("upload"):
        # Of an import that is over nobody needs it, but while another one waits for it.
        key = upload["object_key"]
        waits = and_(projects.upload_key() == key, col(Project.finished_at).is_(None))
        if not await _another(session, project, waits):
            found.add(removal.folder(key))
    return found | await _parts_of(session, project)


async def _parts_of(session: AsyncSession, project: Project) -> set[str]:
    """The transcripts of its parts, which lie in the whole one; unless another still makes it."""
    if not project.chunks_key or await _another(
        session,
        project,
        and_(col(Project.chunks_key) == project.chunks_key, col(Project.finished_at).is_(None)),
    ):
        return set()
    return {project.chunks_key}


async def _another(session: AsyncSession, project: Project, refers: object) -> bool:
    """Whether a row of another project refers to the same object."""
    if refers is None:
        return False
    export = "exports." in str(refers)
    table = Export if export else Project
    owner = col(Export.project_id) if export else col(Project.id)
    statement = select(table).where(refers, owner != project.id).limit(1)  # type: ignore[arg-type]
    return (await session.exec(statement)).first() is not None
