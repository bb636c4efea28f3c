"""Health for people and probes: who needs no key is answered from what was found lately."""

import logging
import resource
import time
from typing import Final

from fastapi import APIRouter, Response

from clipforge_gateway import schemas
from clipforge_gateway.parts import PartsDep
from clipforge_runtime.bus import Unavailable

log = logging.getLogger(__name__)
router = APIRouter(prefix="/health", tags=["health"])

STARTED: Final = time.monotonic()
VERSION: Final = "0.1.0"
COUNTED: Final = ("waiting", "active", "completed", "failed", "delayed", "deferred")


@router.get("", operation_id="getHealth", summary="How ClipForge is")
async def health(parts: PartsDep, response: Response) -> schemas.HealthView:
    """Database, broker and storage; this process; the queues. 503 where a part is away."""
    found = await parts.health.checks.get()
    healthy = all(found.values())
    used = resource.getrusage(resource.RUSAGE_SELF)
    queues = {}
    try:
        queues = await parts.health.queues.get() if healthy else {}
    except Unavailable as error:  # a consumer is missing, say
        log.error("the queues cannot be counted: %s", error)
        healthy, found = False, {**found, "broker": False}
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
    found = await parts.health.checks.get()
    response.status_code = 200 if all(found.values()) else 503
    return found
