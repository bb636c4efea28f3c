"""Two drivers of the same calls: `Client` blocks, `AsyncClient` does not."""

import asyncio
import mimetypes
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx

from clipforge_client import calls
from clipforge_client.calls import Call, EventParser
from clipforge_client.errors import Unavailable, Unreachable
from clipforge_client.models import Clip, Event, Export, Page, Part, Project, Upload

T = TypeVar("T")

TRIES: Final = 6  # 15 s in all: a gateway that is started anew is back by then
FIRST_TRIES: Final = 2  # where nobody has ever answered, the address is the likelier mistake
FIRST_PAUSE: Final = 0.5  # seconds between two tries, doubled each time
WAIT: Final = 30  # seconds that the server holds a question
TIMEOUTS: Final = httpx.Timeout(connect=5, read=WAIT + 15, write=60, pool=10)
OnBytes = Callable[[int, int], None]
"""`on_bytes(sent, total)`."""


def _settings(base_url: str, api_key: str) -> tuple[str, dict[str, str]]:
    url = base_url or os.environ.get("CLIPFORGE_URL", "")
    key = api_key or os.environ.get("CLIPFORGE_API_KEY", "")
    if not url:
        raise Unreachable("Say where ClipForge is: base_url, or CLIPFORGE_URL.")
    return url.rstrip("/"), {"Authorization": f"Bearer {key}"} if key else {}


def _pause(attempt: int, error: Exception) -> float:
    return FIRST_PAUSE * 2**attempt if not isinstance(error, Unavailable) else 2.0 + attempt


class Client:
    """A blocking client. Use as a context manager, or call `close`."""

    def __init__(
        self,
        base_url: str = "",
        api_key: str = "",
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url, headers = _settings(base_url, api_key)
        self._answered = False
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=TIMEOUTS, transport=transport
        )
        # Presigned links are for other hosts: the API key must not travel there.
        self._store = httpx.Client(timeout=TIMEOUTS, transport=transport, follow_redirects=True)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        self._store.close()

    def create_project(
        self,
        *,
        url: str = "",
        upload_id: str = "",
        title: str = "",
        options: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
    ) -> Project:
        """Take in a film from an address or a completed upload."""
        source = {"type": "url", "url": url} if url else {"type": "upload", "upload_id": upload_id}
        key = idempotency_key or uuid4().hex
        return self._do(calls.create_project(source, title, options or {}, key))

    def project(self, project_id: str, *, wait: int = 0) -> Project:
        return self._do(calls.get_project(project_id, wait))

    def projects(self, *, limit: int = 20) -> Iterator[Project]:
        """All projects, newest first, page by page."""
        yield from self._pages(lambda cursor: calls.list_projects(cursor, limit))

    def wait_for_project(
        self, project_id: str, on_change: Callable[[Project], None] | None = None
    ) -> Project:
        """Return once the project is ready, failed or cancelled."""
        while True:
            project = self.project(project_id, wait=WAIT)
            if on_change:
                on_change(project)
            if project.over:
                return project

    def cancel_project(self, project_id: str) -> Project:
        return self._do(calls.cancel_project(project_id))

    def delete_project(self, project_id: str) -> None:
        self._do(calls.delete_project(project_id))

    def clips(self, project_id: str, *, order: str = "score") -> list[Clip]:
        return self._do(calls.list_clips(project_id, order)).items

    def clip(self, clip_id: str) -> Clip:
        return self._do(calls.get_clip(clip_id))

    def transcript(self, project_id: str, *, format: str = "json") -> Any:
        return self._do(calls.transcript(project_id, format))

    def create_export(self, clip_id: str, **look: Any) -> Export:
        """Render a clip: aspect, style, quality and height."""
        return self._do(calls.create_export(clip_id, look))

    def export(self, export_id: str, *, wait: int = 0) -> Export:
        return self._do(calls.get_export(export_id, wait))

    def exports(self, *, project_id: str = "", limit: int = 20) -> Iterator[Export]:
        yield from self._pages(lambda cursor: calls.list_exports(project_id, cursor, limit))

    def cancel_export(self, export_id: str) -> Export:
        return self._do(calls.cancel_export(export_id))

    def queues(self) -> dict[str, Any]:
        return self._do(calls.queues())

    def health(self) -> dict[str, Any]:
        return self._do(calls.health())

    def upload(self, file: Path, *, on_bytes: OnBytes | None = None, upload_id: str = "") -> Upload:
        """Upload a file part by part; with an `upload_id`, only the parts that are missing."""
        size = file.stat().st_size
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        upload = (
            self._do(calls.get_upload(upload_id))
            if upload_id
            else self._do(calls.create_upload(file.name, size, kind))
        )
        after = 0
        while True:
            page = self._do(calls.upload_parts(upload.id, after))
            for part in page.items:
                end = self._put_part(file, part, upload.part_bytes)
                if on_bytes:
                    on_bytes(end, size)
            if page.next is None:
                return self._do(calls.complete_upload(upload.id))
            after = int(page.next)

    def download(self, url: str, to: Path) -> int:
        """Stream a presigned link into a file, whole or not at all; its bytes."""
        partial = to.with_name(to.name + ".part")
        for attempt in range(TRIES):
            try:
                with self._store.stream("GET", url) as response, partial.open("wb") as file:
                    response.raise_for_status()
                    for block in response.iter_bytes():
                        file.write(block)
                partial.replace(to)
                return to.stat().st_size
            except httpx.HTTPError as error:
                if attempt + 1 == TRIES:
                    raise Unreachable(f"{to.name} could not be fetched: {error}") from error
                time.sleep(_pause(attempt, error))
        raise AssertionError("the loop above returns or raises")

    def events(self, project_id: str, *, last_id: str = "") -> Iterator[Event]:
        """What has happened to a project and what happens, until the caller stops listening."""
        while True:
            try:
                for event in self._events(project_id, last_id):
                    last_id = event.id or last_id
                    yield event
            except httpx.TransportError:
                time.sleep(FIRST_PAUSE)  # the server asks for a pause before coming back

    def _events(self, project_id: str, last_id: str) -> Iterator[Event]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        parser = EventParser()
        with self._http.stream("GET", calls.events_path(project_id), headers=headers) as response:
            if response.status_code >= 400:
                calls.judge(response.status_code, "", response.read())
            for line in response.iter_lines():
                yield from parser.feed(line)

    def _put_part(self, file: Path, part: Part, part_bytes: int) -> int:
        """Send one part, unless it has arrived; the offset of its end."""
        start = (part.number - 1) * part_bytes
        end = min(start + part_bytes, file.stat().st_size)
        if part.arrived:
            return end
        with file.open("rb") as body:
            body.seek(start)
            block = body.read(end - start)
        for attempt in range(TRIES):
            try:
                self._store.put(part.url, content=block).raise_for_status()
                return end
            except httpx.HTTPError as error:
                if attempt + 1 == TRIES:
                    raise Unreachable(f"The upload broke off: {error}") from error
                time.sleep(_pause(attempt, error))
        raise AssertionError("the loop above returns or raises")

    def _pages(self, call: Callable[[str], Call[Page[T]]]) -> Iterator[T]:
        cursor = ""
        while True:
            page = self._do(call(cursor))
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def _do(self, call: Call[T]) -> T:
        tries = TRIES if self._answered else FIRST_TRIES
        for attempt in range(tries):
            try:
                response = self._http.request(
                    call.method,
                    call.path,
                    params=dict(call.params),
                    json=call.body,
                    headers=dict(call.headers),
                )
                self._answered = True
                return call.read(_judged(response))
            except (httpx.TransportError, Unavailable) as error:
                last = attempt + 1 == tries or not _may_repeat(call, error)
                if last and isinstance(error, Unavailable):
                    raise
                if last:
                    raise Unreachable(f"{self._http.base_url} does not answer: {error}") from error
                time.sleep(_pause(attempt, error))
        raise AssertionError("the loop above returns or raises")


def _may_repeat(call: Call[Any], error: Exception) -> bool:
    """Whether sending it again cannot do it twice. Without a connection, nothing was sent."""
    return call.repeatable or isinstance(error, httpx.ConnectError | Unavailable)


def _judged(response: httpx.Response) -> Any:
    return calls.judge(
        response.status_code, response.headers.get("Content-Type", ""), response.content
    )


class AsyncClient:
    """A client for asyncio: the same calls, awaited. Use as an async context manager."""

    def __init__(
        self,
        base_url: str = "",
        api_key: str = "",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        url, headers = _settings(base_url, api_key)
        self._answered = False
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=TIMEOUTS, transport=transport
        )

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def create_project(
        self,
        *,
        url: str = "",
        upload_id: str = "",
        title: str = "",
        options: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
    ) -> Project:
        """Take in a film from an address or a completed upload."""
        source = {"type": "url", "url": url} if url else {"type": "upload", "upload_id": upload_id}
        key = idempotency_key or uuid4().hex
        return await self._do(calls.create_project(source, title, options or {}, key))

    async def project(self, project_id: str, *, wait: int = 0) -> Project:
        return await self._do(calls.get_project(project_id, wait))

    async def projects(self, *, limit: int = 20) -> AsyncIterator[Project]:
        """All projects, newest first, page by page."""
        cursor = ""
        while True:
            page = await self._do(calls.list_projects(cursor, limit))
            for project in page.items:
                yield project
            if page.next is None:
                return
            cursor = page.next

    async def clips(self, project_id: str, *, order: str = "score") -> list[Clip]:
        return (await self._do(calls.list_clips(project_id, order))).items

    async def transcript(self, project_id: str, *, format: str = "json") -> Any:
        return await self._do(calls.transcript(project_id, format))

    async def create_export(self, clip_id: str, **look: Any) -> Export:
        """Render a clip: aspect, style, quality and height."""
        return await self._do(calls.create_export(clip_id, look))

    async def export(self, export_id: str, *, wait: int = 0) -> Export:
        return await self._do(calls.get_export(export_id, wait))

    async def cancel_project(self, project_id: str) -> Project:
        return await self._do(calls.cancel_project(project_id))

    async def delete_project(self, project_id: str) -> None:
        await self._do(calls.delete_project(project_id))

    async def events(self, project_id: str, *, last_id: str = "") -> AsyncIterator[Event]:
        """What has happened to a project and what happens, until the caller stops listening."""
        while True:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            parser = EventParser()
            try:
                async with self._http.stream(
                    "GET", calls.events_path(project_id), headers=headers
                ) as response:
                    if response.status_code >= 400:
                        calls.judge(response.status_code, "", await response.aread())
                    async for line in response.aiter_lines():
                        for event in parser.feed(line):
                            last_id = event.id or last_id
                            yield event
            except httpx.TransportError:
                await asyncio.sleep(FIRST_PAUSE)  # the server asks for a pause before coming back

    async def _do(self, call: Call[T]) -> T:
        tries = TRIES if self._answered else FIRST_TRIES
        for attempt in range(tries):
            try:
                response = await self._http.request(
                    call.method,
                    call.path,
                    params=dict(call.params),
                    json=call.body,
                    headers=dict(call.headers),
                )
                self._answered = True
                return call.read(_judged(response))
            except (httpx.TransportError, Unavailable) as error:
                last = attempt + 1 == tries or not _may_repeat(call, error)
                if last and isinstance(error, Unavailable):
                    raise
                if last:
                    raise Unreachable(f"{self._http.base_url} does not answer: {error}") from error
                await asyncio.sleep(_pause(attempt, error))
        raise AssertionError("the loop above returns or raises")
