"""Projects: take a film in, watch it, cancel and delete it."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ProjectCancelled, ProjectDeleted, ProjectSubmitted
from clipforge_catalog.database import AWAY
from clipforge_catalog.queries import clips, projects
from clipforge_catalog.tables import Asset, Job, ProjectState
from clipforge_contracts import ids
from clipforge_contracts.documents import as_dict
from clipforge_gateway import etags, intake, rows, schemas, views
from clipforge_gateway.admission import Admitted
from clipforge_gateway.auth import Caller
from clipforge_gateway.near import Read
from clipforge_gateway.nearby import ROW_BYTES
from clipforge_gateway.parts import CallerDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import (
    BACKLOG,
    CONFLICT,
    KEY_REUSED,
    NO_ROOM,
    NOT_FOUND,
    Problem,
    documented,
)
from clipforge_gateway.waiting import Wait, until_over
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/projects", tags=["projects"])

ProjectId = Annotated[str, Path(max_length=64, pattern=r"^prj_[a-z0-9]{26}$")]


@dataclass(frozen=True)
class _More:
    """What a project is shown with."""

    asset: Asset | None
    jobs: Sequence[Job]
    clip_count: int


@router.post(
    "",
    operation_id="createProject",
    summary="Take a film in",
    status_code=202,
    responses=documented(CONFLICT, KEY_REUSED, BACKLOG, NO_ROOM),
    dependencies=[Admitted],
)
async def create(
    body: schemas.CreateProject,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    seed: SeedDep,
) -> schemas.ProjectView:
    """Import a film from an address, an upload, or one that you have, by its hash: nothing is sent
    or stored again. Then find its best moments."""
    fact = ProjectSubmitted(
        project=_ref(caller, seed.id("prj")),
        title=body.title,
        source=intake.source(caller, body.source),
        options=await intake.options(parts, caller, body.options),
    )
    project_id = fact.project.project_id
    response.headers["Location"] = f"/v1/projects/{project_id}"
    if seed.text and (made := await _made_before(parts, caller, fact)):
        return made
    await intake.take_up(parts, caller, fact.source)
    async with parts.submissions.of(caller.tenant_id) as submission:
        stated = await parts.log.state(
            fact,
            fact_id=ids.derive("evt", project_id, "submitted"),
            lane=submission.lane,
            headers=trace_headers(),
            once=True,
        )
        submission.sequence = stated.sequence
    stored = await parts.log.last(
        ProjectSubmitted, tenant=caller.tenant_id, project=project_id, about=project_id
    )
    return views.submitted(fact, stored.time if stored else datetime.now(UTC))


@router.get(
    "/{project_id}",
    operation_id="getProject",
    summary="A project",
    responses=documented(NOT_FOUND),
)
async def get(
    project_id: ProjectId, parts: PartsDep, caller: CallerDep, response: Response, wait: Wait = 0
) -> schemas.ProjectView:
    """Where a project stands; with `wait`, as soon as it is over."""
    view = await until_over(
        parts,
        project_id,
        partial(view_of, parts, caller, project_id),
        over=lambda view: ProjectState(view.state) in views.OVER,
        wait=wait,
    )
    response.headers["ETag"] = tag(view)
    return view


@router.post(
    "/{project_id}/cancel",
    operation_id="cancelProject",
    summary="Stop a project",
    status_code=202,
    responses=documented(NOT_FOUND, CONFLICT),
)
async def cancel(
    project_id: ProjectId, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.ProjectView:
    """Stop what runs for it, and start nothing more. Cancelling twice is no error."""
    with contextlib.suppress(rows.Pending):
        row = await rows.project(parts, caller, project_id)
        if row.state == ProjectState.READY:
            raise Problem(CONFLICT, "This project is ready: cancel its exports, or delete it.")
    await parts.log.state(
        ProjectCancelled(project=_ref(caller, project_id)),
        fact_id=ids.derive("evt", project_id, "cancelled"),
        once=True,
    )
    response.headers["Location"] = f"/v1/projects/{project_id}"
    return await view_of(parts, caller, project_id)


@router.delete(
    "/{project_id}",
    operation_id="deleteProject",
    summary="Delete a project",
    status_code=202,
    responses=documented(NOT_FOUND),
)
async def delete(
    project_id: ProjectId, parts: PartsDep, caller: CallerDep, response: Response
) -> None:
    """Forget it, with every object that no other project refers to; then it answers 404."""
    await _exists(parts, caller, project_id)
    await parts.log.state(
        ProjectDeleted(project=_ref(caller, project_id)),
        fact_id=ids.derive("evt", project_id, "deleted"),
        once=True,
    )
    response.headers["Location"] = f"/v1/projects/{project_id}"


async def _exists(parts: Parts, caller: Caller, project_id: str) -> None:
    """A Problem where there is no such project, not even one whose row is to come."""
    with contextlib.suppress(rows.Pending):
        await rows.project(parts, caller, project_id)


def tag(view: schemas.ProjectView) -> str:
    """The entity tag of a project, of which an edit needs its version only."""
    return etags.of_version(view.version, view.model_dump_json())


async def view_of(parts: Parts, caller: Caller, project_id: str) -> schemas.ProjectView:
    """A project as its owner sees it. A Problem where there is none."""
    try:
        seen = await rows.seen(parts, caller, project_id)
    except rows.Pending as pending:
        return views.submitted(pending.fact, pending.entry.time)
    row = seen.row
    more = await parts.near.projects.get(
        seen.owner, "more", seen.version, partial(_more, parts, seen)
    )
    stage = views.STAGE_OF.get(ProjectState(row.state))
    standing, left = views.UNKNOWN, None
    if stage is not None:
        job = current_job(more.jobs, stage, project_id)
        about = {"tenant": row.tenant_id, "project": project_id}
        standing = await rows.standing(parts, job, stage=stage, **about)
        length = int(more.asset.media.get("duration_ms", 0)) if more.asset else 0
        with contextlib.suppress(*AWAY):  # an estimate is no reason to answer nothing
            left = await parts.paces.project_left(stage, standing.now, length)
    return views.project(
        row,
        asset=more.asset,
        jobs=more.jobs,
        clip_count=more.clip_count,
        standing=standing,
        seconds_left=left,
        kept=parts.settings.retention[caller.plan],
    )


async def _more(parts: Parts, seen: rows.Seen) -> Read[_More]:
    row = seen.row
    sessions = await rows.sessions_at(parts, row.tenant_id, seen.version)
    async with sessions() as session:
        assets = await projects.assets(session, [row])
        jobs = await projects.jobs(session, row.id)
        counts = await clips.count(session, [row.id])
    more = _More(assets.get(row.asset_id or ""), jobs, counts.get(row.id, 0))
    return Read(more, ROW_BYTES * (1 + len(jobs)))


def current_job(jobs: Sequence[Job], stage: str, project_id: str) -> str:
    """The job of a stage that is at work for a project: the latest replay, where there is one."""
    replays = [job.replay for job in jobs if job.stage == stage]
    return ids.job(stage, project_id, max(replays, default=0))


async def _made_before(
    parts: Parts, caller: Caller, fact: ProjectSubmitted
) -> schemas.ProjectView | None:
    """What a request with the same key has made, whose answer is not known any more."""
    before = await rows.submitted_before(parts, caller, fact.project.project_id)
    if before is None:
        return None
    if isinstance(before, rows.Pending):
        same = _said(before.fact) == _said(fact)
        view = views.submitted(before.fact, before.entry.time)
    else:
        view = await view_of(parts, caller, before.id)
        same = before.title == fact.title and _of_source(before.source) == _of_source(
            as_dict(fact.source)
        )
    if not same:
        raise Problem(KEY_REUSED, "Use a new Idempotency-Key for another request.")
    return view


def _said(fact: ProjectSubmitted) -> tuple[Any, ...]:
    return fact.title, fact.options, _of_source(as_dict(fact.source))


def _of_source(stored: Mapping[str, Any]) -> str:
    """What a film is made of: the address, the object of an upload, or the hash of its bytes."""
    url, upload, asset = (stored.get(kind, {}) for kind in ("url", "upload", "asset"))
    return str(url.get("url") or upload.get("object_key") or asset.get("sha256"))


def _ref(caller: Caller, project_id: str) -> ProjectRef:
    return ProjectRef(tenant_id=caller.tenant_id, project_id=project_id, plan=caller.plan.wire)
