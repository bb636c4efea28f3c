"""The web application: its parts, and how they come and go."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware

from clipforge.v1.common_pb2 import ProjectRef
from clipforge.v1.facts_pb2 import ApiKeySaved, TenantSaved
from clipforge_catalog.database import POOL_SIZE, Sessions, open_database, reading
from clipforge_contracts import ids
from clipforge_contracts.plans import Plan
from clipforge_gateway import openapi, problems, spelled_out
from clipforge_gateway.auth import FIRST_KEY, FIRST_TENANT, Authenticator, key_hash
from clipforge_gateway.etags import EntityTags
from clipforge_gateway.event_lines import EventLines
from clipforge_gateway.feed import Feed
from clipforge_gateway.gate import Gate
from clipforge_gateway.health import Health
from clipforge_gateway.idempotency import Idempotency
from clipforge_gateway.limits import Limits
from clipforge_gateway.load import Load
from clipforge_gateway.nearby import Nearby
from clipforge_gateway.outlook import Outlook
from clipforge_gateway.pace import Paces
from clipforge_gateway.parts import Log, Parts
from clipforge_gateway.rates import Rates
from clipforge_gateway.reads import Reads
from clipforge_gateway.repeats import Repeats
from clipforge_gateway.routes import (
    assets,
    batches,
    brand_assets,
    brand_kits,
    caption_styles,
    clip_edits,
    clips,
    dead_letters,
    events,
    exports,
    health,
    jobs,
    keys,
    presets,
    problem_pages,
    project_edits,
    project_lists,
    projects,
    queues,
    retention,
    search,
    tenants,
    transcripts,
    uploads,
    usage,
    webhook_deliveries,
    webhooks,
)
from clipforge_gateway.routes.health import VERSION
from clipforge_gateway.settings import Settings
from clipforge_gateway.submissions import Submissions
from clipforge_gateway.tokens import Tokens
from clipforge_gateway.traffic import Traffic
from clipforge_runtime.bus import Reborn, Unavailable
from clipforge_runtime.ending import asked_to_end
from clipforge_runtime.jetstream import JetStream
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.storage import ObjectStore

log = logging.getLogger(__name__)

DESCRIPTION = """
ClipForge turns long videos into captioned short clips.

Create a project from an address, an upload or a film that you have, wait for it (`?wait=30`, or its
event stream), list its clips, and export those you like. Work is answered with `202` and a
`Location`; errors are problems (RFC 9457) with stable types; times of media are integer
milliseconds.
"""


CORS: Final[dict[str, Any]] = {
    "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": [
        *("Authorization", "X-API-Key", "Content-Type", "X-Request-Id", "Last-Event-ID"),
        *("Idempotency-Key", "If-Match", "If-None-Match"),
    ],
    "expose_headers": [
        *("Location", "ETag", "Retry-After", "X-Request-Id", "Idempotency-Replayed"),
        *("RateLimit", "RateLimit-Policy"),
    ],
    "max_age": 600,  # seconds
}


def create_app(origins: Sequence[str] = ()) -> FastAPI:
    """The routes, without their parts: see `open_parts`. `origins`: pages that may ask, too."""
    # The page at /docs brings its scripts along: it works where no other host can be reached.
    app = FastAPIOffline(
        title="ClipForge",
        version=VERSION,
        description=DESCRIPTION,
        generate_unique_id_function=_operation_id,
        redoc_url=None,
        redirect_slashes=False,  # a redirect loses the body or the key, and answers to any Host
    )
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]
    problems.install(app)
    for layer in (Idempotency, EntityTags, Gate):
        app.add_middleware(layer)
    # What these refuse is answered as what routes refuse.
    app.add_middleware(ExceptionMiddleware, handlers=app.exception_handlers)
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(origins), **CORS)
    app.add_middleware(Limits)
    app.add_middleware(Traffic)  # the last one added comes first
    modules = (
        *(
            projects,
            project_lists,
            project_edits,
            assets,
            uploads,
            transcripts,
            clips,
            clip_edits,
            search,
            exports,
            events,
        ),
        *(batches, brand_assets, brand_kits, caption_styles, presets),
        *(webhooks, webhook_deliveries, jobs, dead_letters, queues, usage, keys, tenants),
        *(retention, health, problem_pages),
    )
    for module in modules:
        app.include_router(module.router)
    spelled_out.close(app, [module.router for module in modules])
    return app


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncGenerator[Parts]:
    """The real log, store and database of a gateway."""
    async with (
        JetStream.connect(settings, name="gateway") as bus,
        _databases(settings) as (sessions, replica),
        parts_of(settings, bus, S3Store(settings), sessions, replica) as parts,
    ):
        yield parts


@asynccontextmanager
async def _databases(settings: Settings) -> AsyncGenerator[tuple[Sessions, Sessions | None]]:
    """The primary and, where it is named, the replica; the connections of both within the limit."""
    primary = settings.database_url.get_secret_value()
    if settings.database_read_url is None:
        async with open_database(primary) as sessions:
            yield sessions, None
        return
    replica, each = settings.database_read_url.get_secret_value(), POOL_SIZE // 2
    async with (
        open_database(primary, pool_size=each) as sessions,
        open_database(replica, pool_size=each) as reads,
    ):
        yield sessions, reads


@asynccontextmanager
async def parts_of(
    settings: Settings,
    bus: Log,
    store: ObjectStore,
    sessions: Sessions,
    replica: Sessions | None = None,
) -> AsyncGenerator[Parts]:
    """The parts around a log, a store and a database; events flow while the body runs."""
    sessions, replica = reading(sessions), replica and reading(replica)
    bootstrap = settings.bootstrap_api_key
    key = bootstrap.get_secret_value() if bootstrap else None
    if key:
        await _make_first_tenant(bus, key)
    authenticator = Authenticator(sessions, key, Tokens(settings) if settings.oidc_issuer else None)
    feed = Feed(bus)
    near, reads, paces = Nearby(settings), Reads(sessions, replica), Paces(sessions)
    feed.on_entry.append(reads.hear)
    feed.on_fact += [authenticator.hear, near.hear]
    feed.on_gap += [authenticator.forget, near.forget, reads.forget]
    feed.incarnation = await bus.incarnation()
    load = Load(most=settings.shed_requests, longest_lag=settings.shed_lag_seconds)
    tasks = [asyncio.create_task(_keep_following(feed)), asyncio.create_task(load.watch())]
    try:
        yield Parts(
            settings,
            bus,
            store,
            sessions,
            authenticator,
            feed,
            EventLines(feed, sessions, paces),
            Submissions(sessions),
            Outlook(bus, store),
            Health(sessions, bus, store),
            paces,
            Repeats(bus),
            Rates(bus, settings),
            load,
            near,
            reads,
        )
    finally:
        feed.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_following(feed: Feed) -> None:
    while True:
        try:
            await feed.run()
        except* (Reborn, Unavailable) as errors:
            log.warning("the event feed begins anew: %s", errors.exceptions)
        if asked_to_end():
            return
        # Whoever listens would miss what is stated meanwhile: they come back with their last id.
        feed.close()
        # Between two tries; nothing announces that the log is back.
        await asyncio.sleep(1)


async def _make_first_tenant(bus: Log, key: str) -> None:
    """State the first tenant and its key; stated before, nothing changes."""
    tenant = ProjectRef(tenant_id=FIRST_TENANT, plan=Plan.BUSINESS.wire)
    hash_ = key_hash(key)
    await bus.state(
        TenantSaved(project=tenant, name="default"), fact_id=ids.derive("evt", FIRST_TENANT)
    )
    await bus.state(
        ApiKeySaved(project=tenant, key_id=FIRST_KEY, name="first", role="admin", hash=hash_),
        fact_id=ids.derive("evt", FIRST_KEY, hash_.hex()),
    )


def _operation_id(route: APIRoute) -> str:
    return route.operation_id or route.name
