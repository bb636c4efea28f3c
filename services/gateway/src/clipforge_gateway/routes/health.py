"""Health for people and probes."""

import asyncio
import logging
import resource
import time
from typing import Final

from fastapi import APIRouter, Response
from sqlalchemy import text

from clipforge_catalog.database import Sessions
from clipforge_gateway import numbers, schemas
from clipforge_gateway.parts import Parts, PartsDep
from clipforge_runtime.bus import Unavailable

log = logging.getLogger(__name__)
router = APIRouter(prefix="/health", tags=["health"])

STARTED: Final = time.monotonic()
CHECK_SECONDS: Final = 2.0
VERSION: Final = "0.1.0"
COUNTED: Final = ("waiting", "active", "completed", "failed", "delayed", "deferred")


@router.get("", operation_id="getHealth", summary="How ClipForge is")
async def health(parts: PartsDep, response: Response) -> schemas.HealthView:
    """Database, broker and storage; this process; the queues. 503 where a part is away."""
    found = await checks(parts)
    healthy = all(found.values())
    used = resource.getrusage(resource.RUSAGE_SELF)
    queues = {}
    try:
        queues = await numbers.of_queues(parts) if healthy else {}
    except Unavailable as error:  # a consumer is missing, say
        log.error("the queues cannot be counted: %s", error)
        healthy = found["broker"] = False
    response.status_code = 200 if healthy else 503
    return schemas.HealthView(
        status="ok" if healthy else "degraded",
        checks=found,
        version=VERSION,
        uptime_seconds=round(time.monotonic() - STARTED, 1),
        memory_bytes=used.ru_maxrss * 1024,
        cpu_seconds=round(used.ru_utime + used.ru_stime, 2),
        queues={
            name: view.model_dump(
                include={"waiting", "active", "completed", "failed", "delayed", "deferred"}
            )
            for name, view in queues.items()
        },
    )


@router.get("/live", operation_id="getLive", summary="This process answers")
async def live() -> dict[str, bool]:
    return {"alive": True}


@router.get("/ready", operation_id="getReady", summary="This process can serve requests")
async def ready(parts: PartsDep, response: Response) -> dict[str, bool]:
    found = await checks(parts)
    response.status_code = 200 if all(found.values()) else 503
    return found


async def checks(parts: Parts) -> dict[str, bool]:
    """Each dependency by name; all are asked at once."""
    database, broker, storage = await asyncio.gather(
        database_answers(parts.sessions), parts.log.healthy(), parts.store.healthy()
    )
    return {"database": database, "broker": broker, "storage": storage}


async def database_answers(sessions: Sessions) -> bool:
    """Whether PostgreSQL answers within two seconds."""
    try:
        async with asyncio.timeout(CHECK_SECONDS), sessions() as session:
            await session.exec(text("SELECT 1"))  # type: ignore[call-overload]
    except Exception:  # whatever is wrong with it, it does not answer
        return False
    return True
