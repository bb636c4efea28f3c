"""The client for asyncio. `client.py` is its twin: the same methods, blocking."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx

from clipforge_client import calls, connection, tags
from clipforge_client.async_brands import AsyncBrands
from clipforge_client.async_content import AsyncContent
from clipforge_client.async_queues import AsyncQueues
from clipforge_client.async_webhooks import AsyncWebhooks
from clipforge_client.async_wire import AsyncWire
from clipforge_client.connection import OnBytes
from clipforge_client.errors import Conflict
from clipforge_client.models import (
    ApiKey,
    Clip,
    Event,
    Export,
    NewApiKey,
    Part,
    Project,
    Tenant,
    Upload,
)
from clipforge_client.patience import Deadline


class AsyncClient(AsyncContent, AsyncBrands, AsyncQueues, AsyncWebhooks):
    """Use as an async context manager, or await `close`.

    Without arguments it goes to CLIPFORGE_URL with CLIPFORGE_API_KEY, else to the profile in use,
    else to the stack of this machine. Every call may raise a ClientError; what can be repeated is
    repeated first, for some 15 seconds.
    """

    def __init__(
        self,
        base_url: str = "",
        api_key: str = "",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._wire = AsyncWire(*connection.settings(base_url, api_key), transport)

    @property
    def url(self) -> str:
        """The address of the gateway."""
        return self._wire.url

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._wire.close()

    async def create_project(
        self,
        *,
        url: str = "",
        upload_id: str = "",
        sha256: str = "",
        title: str = "",
        options: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
    ) -> Project:
        """Take in a film from an address, a completed upload or, by its hash, one that you have.

        The same `idempotency_key` makes one project, however often it is sent.
        """
        source = connection.project_body(url, upload_id, sha256)
        key = idempotency_key or uuid4().hex
        return await self._wire.do(calls.create_project(source, title, options or {}, key))

    async def project(self, project_id: str, *, wait: int = 0) -> Project:
        """One project; with `wait` (seconds, at most 30), as soon as it is over."""
        return await self._wire.do(calls.get_project(project_id, wait))

    def projects(
        self,
        *,
        state: str = "",
        title: str = "",
        language: str = "",
        source: str = "",
        asset_id: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        sort: str = "",
        limit: int = 20,
    ) -> AsyncIterator[Project]:
        """Projects that meet every filter, newest first, fetched in pages of `limit`.

        `title` is a part of theirs; `source`: url, upload or asset. They were created from `since`
        on and before `until`, both with a time zone. `sort`: created, title or, backwards, -title.
        """
        wanted = {
            "state": state,
            "title": title,
            "language": language,
            "source": source,
            "asset_id": asset_id,
            "created_since": since and since.isoformat(),
            "created_until": until and until.isoformat(),
            "sort": sort,
        }
        return self._wire.pages(lambda cursor: calls.list_projects(wanted, cursor, limit))

    async def wait_for_project(
        self,
        project_id: str,
        on_change: Callable[[Project], None] | None = None,
        *,
        seconds: float | None = None,
    ) -> Project:
        """Return once it is ready, failed or cancelled. StillRunning after `seconds`."""
        deadline = Deadline.after(seconds)
        while True:
            project = await self.project(project_id, wait=deadline.hold())
            if on_change:
                on_change(project)
            if project.over:
                return project
            deadline.check(project_id)

    async def edit_project(
        self,
        project: str | Project,
        *,
        title: str | None = None,
        options: Mapping[str, Any] | None = None,
        if_match: str = "",
    ) -> Project:
        """Another title; other options, where their work is still to come, else Conflict.

        Of a project that was read: Changed where somebody has edited it since.
        """
        project_id, tag = tags.edit_of(project, if_match)
        call = calls.edit_project(project_id, title, options or {}, tag)
        return await self._wire.do(call)

    async def cancel_project(self, project_id: str) -> Project:
        """Stop what runs for it."""
        return await self._wire.do(calls.cancel_project(project_id))

    async def delete_project(self, project_id: str) -> None:
        """Forget it, with what nothing else refers to."""
        await self._wire.do(calls.delete_project(project_id))

    async def clip(self, clip_id: str) -> Clip:
        """One clip."""
        return await self._wire.do(calls.get_clip(clip_id))

    async def transcript(self, project_id: str, *, format: str = "json") -> Any:
        """What is said: a dict for `json`, text for `srt`, `vtt` and `txt`."""
        return await self._wire.do(calls.transcript(project_id, format))

    async def create_export(self, clip_id: str, **look: Any) -> Export:
        """Render a clip: aspect, style, quality, height and brand_kit_id, or a preset."""
        return await self._wire.do(calls.create_export(clip_id, look))

    async def export(self, export_id: str, *, wait: int = 0) -> Export:
        """One export; with `wait` (seconds, at most 30), as soon as it is over."""
        return await self._wire.do(calls.get_export(export_id, wait))

    def exports(
        self,
        *,
        project_id: str = "",
        clip_id: str = "",
        batch_id: str = "",
        state: str = "",
        limit: int = 20,
    ) -> AsyncIterator[Export]:
        """Exports, newest first: all, or of a project, a clip, a batch, in a state."""
        wanted = {
            "project_id": project_id,
            "clip_id": clip_id,
            "batch_id": batch_id,
            "state": state,
        }
        return self._wire.pages(lambda cursor: calls.list_exports(wanted, cursor, limit))

    async def wait_for_export(
        self,
        export_id: str,
        on_change: Callable[[Export], None] | None = None,
        *,
        seconds: float | None = None,
    ) -> Export:
        """Return once it is rendered, failed or cancelled. StillRunning after `seconds`."""
        deadline = Deadline.after(seconds)
        while True:
            export = await self.export(export_id, wait=deadline.hold())
            if on_change:
                on_change(export)
            if export.over:
                return export
            deadline.check(export_id)

    async def cancel_export(self, export_id: str) -> Export:
        """Stop a rendering."""
        return await self._wire.do(calls.cancel_export(export_id))

    async def keys(self) -> list[ApiKey]:
        """The API keys of the tenant. Needs the role admin, as the two below do."""
        return [one async for one in self._wire.pages(calls.list_keys)]

    async def create_key(self, name: str, *, role: str = "user") -> NewApiKey:
        """A new key for `user` or `admin`. Its `key` is shown this once and kept nowhere."""
        return await self._wire.do(calls.create_key(name, role))

    async def revoke_key(self, key_id: str) -> ApiKey:
        """Make a key useless, for good."""
        return await self._wire.do(calls.revoke_key(key_id))

    def tenants(self, *, limit: int = 20) -> AsyncIterator[Tenant]:
        """All tenants, page by page. For operators, as those below are."""
        return self._wire.pages(lambda cursor: calls.list_tenants(cursor, limit))

    async def tenant(self, tenant_id: str) -> Tenant:
        """A tenant. NotFound: there is none of this id."""
        return await self._wire.do(calls.get_tenant(tenant_id))

    async def create_tenant(self, name: str, *, plan: str = "free") -> Tenant:
        """A new tenant, without a key."""
        return await self._wire.do(calls.create_tenant(name, plan))

    async def edit_tenant(
        self, tenant: str | Tenant, *, name: str = "", plan: str = "", if_match: str = ""
    ) -> Tenant:
        """Rename it, or move it to another plan. Of one that was read: as an edit of a project."""
        tenant_id, tag = tags.edit_of(tenant, if_match)
        changes = {"name": name, "plan": plan}
        return await self._wire.do(calls.edit_tenant(tenant_id, changes, tag))

    async def tenant_keys(self, tenant_id: str) -> list[ApiKey]:
        """The API keys of a tenant that are in use."""
        pages = self._wire.pages(lambda cursor: calls.list_tenant_keys(tenant_id, cursor))
        return [one async for one in pages]

    async def create_tenant_key(
        self, tenant_id: str, name: str, *, role: str = "user"
    ) -> NewApiKey:
        """A new key for a tenant. Its `key` is shown this once and kept nowhere."""
        return await self._wire.do(calls.create_tenant_key(tenant_id, name, role))

    async def revoke_tenant_key(self, tenant_id: str, key_id: str) -> ApiKey:
        """Make a key of a tenant useless, for good."""
        return await self._wire.do(calls.revoke_tenant_key(tenant_id, key_id))

    async def upload(
        self,
        file: Path,
        *,
        on_bytes: OnBytes | None = None,
        on_begin: Callable[[Upload], None] | None = None,
        upload_id: str = "",
    ) -> Upload:
        """Upload a file part by part; with an `upload_id`, only the parts that are missing.

        `on_begin` learns the upload before its first byte is sent: keep its id to go on later.
        """
        if upload_id:
            upload = await self._wire.do(calls.get_upload(upload_id))
            connection.same_file(file, upload)
        else:
            upload = await self._wire.do(connection.begin_upload(file))
        if on_begin:
            on_begin(upload)
        cursor = ""
        while True:
            try:
                page = await self._wire.do(calls.upload_parts(upload.id, cursor))
            except Conflict:  # completed already, or aborted: then this says so
                return await self._wire.do(calls.complete_upload(upload.id))
            for part in page.items:
                if not part.arrived:
                    await self._wire.put_part(file, upload, part)
                if on_bytes:
                    on_bytes(connection.part_end(upload, part), upload.bytes)
            if page.next is None:
                return await self._wire.do(calls.complete_upload(upload.id))
            cursor = page.next

    async def begun_upload(self, upload_id: str) -> Upload:
        """An upload as it was begun: of which file, and in how many parts."""
        return await self._wire.do(calls.get_upload(upload_id))

    def upload_parts(self, upload_id: str) -> AsyncIterator[Part]:
        """Its parts, each with a link to PUT it to. Conflict where it is completed."""
        return self._wire.pages(lambda cursor: calls.upload_parts(upload_id, cursor))

    async def abort_upload(self, upload_id: str) -> None:
        """Give up an upload, and remove what has arrived of it."""
        await self._wire.do(calls.abort_upload(upload_id))

    async def download(self, url: str, to: Path, *, on_bytes: OnBytes | None = None) -> int:
        """Stream a presigned link into a file, whole or not at all; its bytes."""
        return await self._wire.fetch(url, to, on_bytes)

    def events(
        self, project_id: str | None = None, *, last_id: str = "", follow: bool = True
    ) -> AsyncIterator[Event]:
        """What has happened to a project and what happens, until the caller stops listening.

        Without a project what happens to all of them from now on, or from an event of `last_id` on.
        Without `follow` it ends when nothing has happened for 15 seconds.
        """
        return self._wire.events(calls.events_path(project_id), last_id, follow=follow)
