"""What is in a film: words and clips. A part of the client; `content.py` is its twin."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from clipforge_client import content_calls, tags
from clipforge_client.async_wire import AsyncWire
from clipforge_client.models import (
    Asset,
    Clip,
    Expiry,
    Hit,
    RetentionBacklog,
    TranscriptVersion,
    Usage,
    Word,
)


class AsyncContent:
    """Calls about the content of films."""

    _wire: AsyncWire

    async def clips(self, project_id: str, *, order: str = "score") -> list[Clip]:
        """Its clips, by `score` or by `time`."""
        pages = self._wire.pages(lambda cursor: content_calls.list_clips(project_id, order, cursor))
        return [clip async for clip in pages]

    async def create_clip(
        self,
        project_id: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        first_word: int | None = None,
        last_word: int | None = None,
        title: str = "",
        hashtags: Sequence[str] = (),
        snap: bool = True,
        idempotency_key: str = "",
    ) -> Clip:
        """A clip made by hand, from times or from words of the transcript.

        Times move to the nearest words unless `snap` is False.
        """
        wanted = {
            "start_ms": start_ms,
            "end_ms": end_ms,
            "first_word": first_word,
            "last_word": last_word,
            "title": title,
            "hashtags": list(hashtags),
            "snap": snap,
        }
        key = idempotency_key or uuid4().hex
        return await self._wire.do(content_calls.create_clip(project_id, wanted, key))

    async def edit_clip(
        self,
        clip: str | Clip,
        *,
        title: str | None = None,
        hashtags: Sequence[str] | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        first_word: int | None = None,
        last_word: int | None = None,
        snap: bool = True,
        if_match: str = "",
    ) -> Clip:
        """Change what is named. Of a clip that was read: Changed where it is not so any more.

        Of an id, whatever it is, unless `if_match` says the `etag` that was read.
        """
        clip_id, tag = tags.edit_of(clip, if_match)
        changes = {
            "title": title,
            "hashtags": None if hashtags is None else list(hashtags),
            "start_ms": start_ms,
            "end_ms": end_ms,
            "first_word": first_word,
            "last_word": last_word,
            "snap": snap,
        }
        return await self._wire.do(content_calls.edit_clip(clip_id, changes, tag))

    async def delete_clip(self, clip_id: str) -> None:
        """Hide it from every list. Its exports stay."""
        await self._wire.do(content_calls.delete_clip(clip_id))

    async def edit_transcript(
        self,
        project: str | TranscriptVersion,
        *operations: Mapping[str, Any],
        if_match: str = "",
    ) -> TranscriptVersion:
        """Correct what is said: `replace`, `delete`, `merge`, `split` or `retime` words.

        Indexes are those of one version: say the `etag` of the words that they are of as
        `if_match`, or hand over the version that an edit before this one has made.
        """
        project_id, tag = tags.edit_of(project, if_match)
        return await self._wire.do(content_calls.edit_transcript(project_id, operations, tag))

    def words(
        self, project_id: str, *, start_ms: int = 0, end_ms: int | None = None
    ) -> AsyncIterator[Word]:
        """The words that are said between two times, with the indexes that edits need."""
        return self._wire.pages(
            lambda cursor: content_calls.list_words(project_id, start_ms, end_ms, cursor)
        )

    def search(self, asked: str, *, project_id: str = "", limit: int = 20) -> AsyncIterator[Hit]:
        """Where something is said, in one film or in all; fetched in pages of `limit`."""
        return self._wire.pages(
            lambda cursor: content_calls.search(asked, project_id, cursor, limit)
        )

    def assets(self, *, limit: int = 20) -> AsyncIterator[Asset]:
        """Films by the hash of their bytes, newest first, fetched in pages of `limit`."""
        return self._wire.pages(lambda cursor: content_calls.list_assets(cursor, limit))

    async def asset(self, asset_id: str) -> Asset:
        """One film: its media, links to its pictures, and which projects are made of it."""
        return await self._wire.do(content_calls.get_asset(asset_id))

    def expiring(
        self,
        *,
        kind: str = "film",
        within_hours: float = 24,
        tenant: str = "",
        limit: int = 20,
    ) -> AsyncIterator[Expiry]:
        """What is to go within some hours, the next first: films, or files of exports (`export`).

        `tenant` is for operators: another one, or `all`.
        """
        return self._wire.pages(
            lambda cursor: content_calls.list_expiring(kind, within_hours, tenant, cursor, limit)
        )

    async def retention_backlog(self) -> RetentionBacklog:
        """What is due in each step of letting go, of all tenants. For operators."""
        return await self._wire.do(content_calls.retention_backlog())

    async def usage(
        self, *, first: date | None = None, last: date | None = None, tenant: str = ""
    ) -> Usage:
        """What was used, by day; by default in the last 30. `tenant` is for operators."""
        return await self._wire.do(content_calls.usage(first, last, tenant))
