"""Uploads: presigned parts that go straight to the object store.

What is known of an upload lies beside it in the store, so any replica can go on with it.
"""

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from clipforge_contracts import keys
from clipforge_gateway import cursors, schemas
from clipforge_gateway.admission import Admitted
from clipforge_gateway.auth import Caller
from clipforge_gateway.cursors import After, Limit
from clipforge_gateway.parts import CallerDep, Parts, PartsDep, SeedDep
from clipforge_gateway.problems import (
    BACKLOG,
    CONFLICT,
    KEY_REUSED,
    NO_ROOM,
    NOT_FOUND,
    TOO_LARGE,
    Problem,
    documented,
)
from clipforge_runtime.errors import Transient
from clipforge_runtime.storage import NotFound, Part

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])

PART_BYTES: Final = 16 * 1024 * 1024
MAX_PARTS: Final = 10_000  # S3's own limit
EXPIRES: Final = timedelta(hours=6)
LOOKS_SECONDS: Final = (0.0, 0.05, 0.1, 0.2, 0.4)  # before each look for another's object

UploadId = Annotated[str, Path(max_length=64, pattern=r"^upl_[a-z0-9]{26}$")]


class UploadSession(BaseModel):
    """What lies beside an upload in the store."""

    file_name: str
    bytes: int
    part_bytes: int
    multipart: str


@router.post(
    "",
    operation_id="createUpload",
    summary="Begin an upload",
    status_code=201,
    responses=documented(TOO_LARGE, BACKLOG, NO_ROOM),
    dependencies=[Admitted],
)
async def create(
    body: schemas.CreateUpload,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    seed: SeedDep,
) -> schemas.UploadView:
    """Then get the addresses of its parts, PUT each, and complete it."""
    if body.bytes > parts.settings.upload_max_bytes:
        limit = parts.settings.upload_max_bytes
        raise Problem(TOO_LARGE, f"Files may have at most {limit} bytes.")
    upload_id = seed.id("upl")
    response.headers["Location"] = f"/v1/uploads/{upload_id}"
    if seed.text and (before := await session_of(parts, caller, upload_id)):
        if (before.file_name, before.bytes) != (body.file_name, body.bytes):
            raise Problem(KEY_REUSED, "Use a new Idempotency-Key for another request.")
        return _view(upload_id, before)
    key = keys.upload(caller.tenant_id, upload_id)
    session = UploadSession(
        file_name=body.file_name,
        bytes=body.bytes,
        part_bytes=max(PART_BYTES, math.ceil(body.bytes / MAX_PARTS)),
        multipart=await parts.store.create_multipart(key, content_type=body.content_type),
    )
    await _keep(parts, caller, upload_id, session)
    return _view(upload_id, session)


@router.get(
    "/{upload_id}",
    operation_id="getUpload",
    summary="An upload",
    responses=documented(NOT_FOUND),
)
async def get(upload_id: UploadId, parts: PartsDep, caller: CallerDep) -> schemas.UploadView:
    return _view(upload_id, await _session(parts, caller, upload_id))


@router.get(
    "/{upload_id}/parts",
    operation_id="listUploadParts",
    summary="Where to PUT the parts, and which have arrived",
    responses=documented(NOT_FOUND, CONFLICT),
)
async def list_parts(
    upload_id: UploadId,
    parts: PartsDep,
    caller: CallerDep,
    cursor: After = "",
    limit: Limit = 20,
) -> schemas.PageView[schemas.PartView]:
    """Ask again after a break: parts that have arrived need not be sent again."""
    (last,) = cursors.read_numbers(cursor, 1) or (0,)
    session = await _session(parts, caller, upload_id)
    key = keys.upload(caller.tenant_id, upload_id)
    whole = _whole(session, await _arrived(parts, key, session))
    count = _part_count(session)
    numbers = range(max(0, last) + 1, min(last + limit, count) + 1)
    return schemas.PageView(
        items=[
            schemas.PartView(
                number=number,
                url=await parts.store.presign_part(key, session.multipart, number, expires=EXPIRES),
                arrived=number in whole,
            )
            for number in numbers
        ],
        next=cursors.write_numbers(numbers[-1]) if numbers and numbers[-1] < count else None,
    )


@router.post(
    "/{upload_id}/complete",
    operation_id="completeUpload",
    summary="Complete an upload",
    responses=documented(NOT_FOUND, CONFLICT),
)
async def complete(upload_id: UploadId, parts: PartsDep, caller: CallerDep) -> schemas.UploadView:
    """All parts have arrived: make one object of them. Completing twice is no error."""
    session = await _session(parts, caller, upload_id)
    key = keys.upload(caller.tenant_id, upload_id)
    if await parts.store.stat(key) is None:
        try:
            await _make_whole(parts, key, session)
        except (NotFound, Transient, Problem) as error:
            # While another request makes it whole, the embedded store refuses this one, and for a
            # moment has neither the parts nor the object.
            if not await _made_whole_by_another(parts, key):
                raise (_over() if isinstance(error, NotFound) else error) from error
    return _view(upload_id, session)


@router.delete(
    "/{upload_id}",
    operation_id="abortUpload",
    summary="Abort an upload",
    status_code=204,
    responses=documented(NOT_FOUND, CONFLICT),
)
async def abort(upload_id: UploadId, parts: PartsDep, caller: CallerDep) -> None:
    """Forget the parts that have arrived."""
    session = await _session(parts, caller, upload_id)
    key = keys.upload(caller.tenant_id, upload_id)
    if await parts.store.stat(key) is not None:
        raise Problem(
            CONFLICT, "This upload is complete: a project may use it. Delete the project instead."
        )
    await parts.store.abort_multipart(key, session.multipart)
    await parts.store.delete([keys.upload_session(caller.tenant_id, upload_id)])


async def _made_whole_by_another(parts: Parts, key: str) -> bool:
    for pause in LOOKS_SECONDS:
        await asyncio.sleep(pause)  # the store announces nothing
        if await parts.store.stat(key) is not None:
            return True
    return False


async def _make_whole(parts: Parts, key: str, session: UploadSession) -> None:
    arrived = await parts.store.list_parts(key, session.multipart)
    if missing := set(range(1, _part_count(session) + 1)) - _whole(session, arrived):
        raise Problem(
            CONFLICT,
            f"{len(missing)} parts are missing or of the wrong size, the first is {min(missing)}: "
            "send them, then complete it again.",
        )
    await parts.store.complete_multipart(key, session.multipart, arrived)


async def session_of(parts: Parts, caller: Caller, upload_id: str) -> UploadSession | None:
    """What is known of an upload of this tenant."""
    try:
        body = await parts.store.read(keys.upload_session(caller.tenant_id, upload_id))
    except NotFound:
        return None
    return UploadSession.model_validate_json(body)


async def renew(parts: Parts, caller: Caller, upload_id: str) -> UploadSession | None:
    """Show that an upload is in use: what lies beside it is written anew."""
    session = await session_of(parts, caller, upload_id)
    if session is not None:
        await _keep(parts, caller, upload_id, session)
    return session


async def _keep(parts: Parts, caller: Caller, upload_id: str, session: UploadSession) -> None:
    await parts.store.write(
        keys.upload_session(caller.tenant_id, upload_id),
        session.model_dump_json().encode(),
        content_type="application/json",
    )


async def _session(parts: Parts, caller: Caller, upload_id: str) -> UploadSession:
    session = await session_of(parts, caller, upload_id)
    if session is None:
        raise Problem(NOT_FOUND, "There is no upload of this id.")
    return session


async def _arrived(parts: Parts, key: str, session: UploadSession) -> list[Part]:
    try:
        return await parts.store.list_parts(key, session.multipart)
    except NotFound as error:
        raise _over() from error


def _over() -> Problem:
    return Problem(CONFLICT, "This upload is over: completed or aborted.")


def _whole(session: UploadSession, arrived: Sequence[Part]) -> set[int]:
    """The numbers of parts that have arrived in full: all but the last are alike."""
    part_bytes, total = session.part_bytes, session.bytes
    return {
        part.number
        for part in arrived
        if part.bytes == min(part_bytes, total - (part.number - 1) * part_bytes)
    }


def _part_count(session: UploadSession) -> int:
    return math.ceil(session.bytes / session.part_bytes)


def _view(upload_id: str, session: UploadSession) -> schemas.UploadView:
    return schemas.UploadView(
        id=upload_id,
        file_name=session.file_name,
        bytes=session.bytes,
        part_bytes=session.part_bytes,
        part_count=_part_count(session),
    )
