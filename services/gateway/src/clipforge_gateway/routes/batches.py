"""Batches: many outputs asked for at once, of clips x aspects x styles."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Response

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import BatchRequested, ExportRequested
from clipforge_catalog.queries import exports
from clipforge_contracts import ids, subjects
from clipforge_contracts.validation import MAX_OUTPUTS
from clipforge_gateway import batches, requests, rows, schemas, wishes
from clipforge_gateway.admission import Admitted, room_for
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import CallerDep, Parts, PartsDep
from clipforge_gateway.problems import (
    BACKLOG,
    CONFLICT,
    GONE,
    INVALID,
    NO_ROOM,
    NOT_FOUND,
    Problem,
    documented,
)
from clipforge_gateway.waiting import Wait, until_over
from clipforge_gateway.wishes import Wish
from clipforge_runtime.telemetry import trace_headers

router = APIRouter(prefix="/v1/exports", tags=["exports"])

BatchId = Annotated[str, Path(max_length=64, pattern=r"^bat_[a-z0-9]{26}$")]


@router.post(
    "/batch",
    operation_id="createBatch",
    summary="Render many outputs",
    status_code=202,
    responses=documented(NOT_FOUND, CONFLICT, GONE, BACKLOG, NO_ROOM),
    dependencies=[Admitted],
)
async def create(
    body: schemas.CreateBatch, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.BatchView:
    """Every clip in every look, at most 100 in all. One decode serves the outputs of a
    clip; what was rendered before is not rendered again; each may fail or be cancelled alone.
    """
    wanted = await _wanted(parts, caller, body)
    export_ids = [fact.export_id for fact in wanted]
    batch_id = ids.derive("bat", caller.tenant_id, *export_ids)
    async with parts.sessions() as session:
        known = await exports.states(session, caller.tenant_id, export_ids)
    new = [fact for fact in wanted if fact.export_id not in known]
    await room_for(parts, caller, len(new))
    requests.in_groups(new, batch_id)
    await requests.state(parts, caller, new)
    stated = await parts.log.state(
        BatchRequested(
            project=ProjectRef(
                tenant_id=caller.tenant_id, project_id=subjects.NOTHING, plan=caller.plan.wire
            ),
            batch_id=batch_id,
            export_ids=export_ids,
        ),
        fact_id=ids.derive("evt", batch_id, "requested"),
        headers=trace_headers(),
        once=True,
    )
    await rows.caught_up(parts, stated.sequence)
    response.headers["Location"] = f"/v1/exports/batches/{batch_id}"
    return await batches.view(parts, caller, await batches.find(parts, caller, batch_id))


@router.get(
    "/batches/{batch_id}",
    operation_id="getBatch",
    summary="How far a batch is",
    responses=documented(NOT_FOUND),
)
async def get(
    batch_id: BatchId, parts: PartsDep, caller: CallerDep, wait: Wait = 0
) -> schemas.BatchView:
    """With `wait`, as soon as nothing of it waits. Its exports: `GET /v1/exports?batch_id=`."""
    found = await batches.find(parts, caller, batch_id)
    return await until_over(
        parts,
        await _some_project(parts, caller, found),  # others are looked at again soon
        partial(batches.view, parts, caller, found),
        over=lambda view: view.over,
        wait=wait,
    )


@router.post(
    "/batches/{batch_id}/cancel",
    operation_id="cancelBatch",
    summary="Stop what is left of a batch",
    status_code=202,
    responses=documented(NOT_FOUND),
)
async def cancel(
    batch_id: BatchId, parts: PartsDep, caller: CallerDep, response: Response
) -> schemas.BatchView:
    """What is rendered already stays. Cancelling twice is no error."""
    response.headers["Location"] = f"/v1/exports/batches/{batch_id}"
    found = await batches.find(parts, caller, batch_id)
    async with parts.sessions() as session:
        waiting = await exports.owners(session, caller.tenant_id, found.export_ids)
    stated = [
        await requests.cancel(parts, caller, export_id, project_id)
        for export_id, project_id in waiting.items()
    ]
    await rows.caught_up(parts, max(stated, default=0))
    return await batches.view(parts, caller, found)


async def _wanted(parts: Parts, caller: Caller, body: schemas.CreateBatch) -> list[ExportRequested]:
    """A fact for each output, in the order of clips, styles and aspects."""
    looks = body.looks()
    number = len(body.clip_ids) * len(looks)
    if number > MAX_OUTPUTS:
        raise Problem(
            INVALID, f"These are {number} outputs; a batch has at most {MAX_OUTPUTS}. Send several."
        )
    found: list[ExportRequested] = []
    by_kit: dict[str, list[Wish]] = {}
    for source in await requests.sources(parts, caller, body.clip_ids):
        kit = source.usual_kit
        if kit not in by_kit:  # looked up once for all clips of one project's kit
            by_kit[kit] = [
                await wishes.wish_of(parts, caller, look, usual_kit=kit) for look in looks
            ]
        for wish in by_kit[kit]:
            wish.check(source.clip.end_ms - source.clip.start_ms)
            found.append(requests.request(caller, source, wish.render))
    each = {fact.export_id: fact for fact in found}  # two presets may come to the same
    return list(each.values())


async def _some_project(parts: Parts, caller: Caller, found: batches.Found) -> str:
    async with parts.sessions() as session:
        owners = await exports.owners(session, caller.tenant_id, found.export_ids)
    return next(iter(owners.values()), subjects.NOTHING)
