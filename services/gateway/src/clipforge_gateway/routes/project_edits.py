"""What of a project may still be changed: its title, and options whose work is to come."""

from typing import Any

from fastapi import APIRouter, Response
from google.protobuf.json_format import ParseDict

from clipforge.v1.common_pb2 import ProjectOptions, ProjectRef
from clipforge.v1.facts_pb2 import ProjectEdited
from clipforge_catalog.tables import Project, ProjectState
from clipforge_contracts import ids
from clipforge_contracts.documents import as_dict
from clipforge_contracts.plans import Plan
from clipforge_gateway import amendments, etags, intake, rows, schemas, views
from clipforge_gateway.auth import Caller
from clipforge_gateway.editing import LATER, next_version
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem, documented
from clipforge_gateway.routes import projects
from clipforge_gateway.routes.projects import ProjectId
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/projects", tags=["projects"])


@router.patch(
    "/{project_id}",
    operation_id="editProject",
    summary="Change a project",
    responses={
        **documented(NOT_FOUND, CONFLICT),
        202: {"description": LATER, "model": schemas.ProjectView},
    },
)
async def edit(
    project_id: ProjectId,
    body: schemas.EditProject,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: etags.IfMatch = "",
) -> schemas.ProjectView:
    """Its title at any time; its brand kit, for exports to come; where it failed, what is to be
    otherwise when that is replayed. An option that is too late is refused (409)."""

    async def once() -> schemas.ProjectView:
        row = await _row(parts, caller, project_id)
        etags.require_version(if_match, row.version)
        fact = ProjectEdited(
            project=ProjectRef(
                tenant_id=caller.tenant_id, project_id=row.id, plan=Plan(row.plan).wire
            ),
            version=row.version + 1,
            title=row.title if body.title is None else body.title,
            options=await _options(parts, caller, row, body.options or schemas.ProjectOptions()),
            failed_stage=(row.failed_stage or "") if row.state == ProjectState.FAILED else "",
        )
        if fact.title == row.title and as_dict(fact.options) == as_dict(_kept(row)):
            return await _view(parts, caller, project_id, response)  # said twice, it is done once
        return await _state(parts, caller, row, fact, response)

    return await next_version(
        once, busy="Others edit this project at this moment. Read it and try again."
    )


async def _row(parts: Parts, caller: Caller, project_id: str) -> Project:
    try:
        return await rows.project(parts, caller, project_id)
    except rows.Pending as pending:
        raise Problem(
            UNAVAILABLE, "This project has just been submitted: try again in a moment."
        ) from pending


async def _options(
    parts: Parts, caller: Caller, row: Project, said: schemas.ProjectOptions
) -> ProjectOptions:
    """All of them, as they are to be. A Problem where one is too late."""
    before = views.options_of(row.options)
    changes = amendments.changed(before, said)
    if late := sorted(changes.keys() - amendments.still_open(row)):
        named = ", ".join(f"`{name}`" for name in late)
        raise Problem(CONFLICT, f"It is too late for {named}: {amendments.why_late(row)}.")
    kept = _kept(row)
    if not changes:
        return kept
    made = await intake.options(parts, caller, _whole(before, changes))
    # What nobody changed stays what it was then, whatever has become of the kit or the style.
    if "brand_kit_id" not in changes and kept.render.HasField("kit"):
        made.render.kit.CopyFrom(kept.render.kit)
    if "style" not in changes and kept.render.HasField("caption"):
        made.render.style = kept.render.style
        made.render.caption.CopyFrom(kept.render.caption)
    return made


def _whole(before: dict[str, Any], changes: dict[str, Any]) -> schemas.ProjectOptions:
    """The options as a request would name them; without kit and style that are looked up anew."""
    usual = {"brand_kit_id": None} | ({"style": "pop"} if "style" not in changes else {})
    return schemas.ProjectOptions.model_validate({**before, **usual, **changes})


def _kept(row: Project) -> ProjectOptions:
    return ParseDict(row.options, ProjectOptions())


async def _state(
    parts: Parts, caller: Caller, row: Project, fact: ProjectEdited, response: Response
) -> schemas.ProjectView:
    """State it, and wait a moment for its row: then it is done, else on its way (202)."""
    stated = await parts.log.state(
        fact,
        fact_id=ids.derive("evt", row.id, fact.version, fact.SerializeToString().hex()),
        headers=trace_headers(),
        once=True,
    )
    if not await rows.caught_up(parts, stated.sequence):
        response.status_code = 202
        response.headers["Location"] = f"/v1/projects/{row.id}"
        changes = {
            "version": fact.version,
            "title": fact.title,
            "options": as_dict(fact.options),
        }
        return views.project(row.model_copy(update=changes))  # others are shown this row, too
    edited = await _row(parts, caller, row.id)
    if edited.version == fact.version and edited.options != as_dict(fact.options):
        raise Problem(
            CONFLICT,
            "Work was begun anew at this moment, so the options came too late for it. The title is "
            "as you said.",
        )
    return await _view(parts, caller, row.id, response)


async def _view(
    parts: Parts, caller: Caller, project_id: str, response: Response
) -> schemas.ProjectView:
    view = await projects.view_of(parts, caller, project_id)
    response.headers["ETag"] = projects.tag(view)
    return view
