"""What is said in a film: its transcript as it is now."""

import asyncio

from clipforge.v1 import documents_pb2 as documents
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import Transcript
from clipforge_contracts import subtitles
from clipforge_contracts.documents import from_json
from clipforge_gateway import etags
from clipforge_gateway.auth import Caller
from clipforge_gateway.near import Read
from clipforge_gateway.nearby import ROW_BYTES, UNCHANGING
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import NOT_FOUND, Problem
from clipforge_gateway.rows import Seen, sessions_at


async def row(parts: Parts, caller: Caller, project_id: str) -> Transcript:
    """The row of a project's transcript. A Problem where there is none yet."""
    async with parts.sessions() as session:
        found = await projects.transcript(session, caller.tenant_id, project_id)
    if found is None:
        raise not_yet()
    return found


async def of(parts: Parts, seen: Seen) -> Transcript:
    """The same, as the newest fact of the project has it."""

    async def read() -> Read[Transcript]:
        sessions = await sessions_at(parts, seen.row.tenant_id, seen.version)
        async with sessions() as session:
            found = await projects.transcript(session, *seen.owner)
        if found is None:
            raise not_yet()
        return Read(found, ROW_BYTES)

    return await parts.near.projects.get(seen.owner, "transcript", seen.version, read)


def tag(parts: Parts, transcript: Transcript, format_: str = "json") -> str:
    """The entity tag of a version, in one of its formats. Edits name that of `json`."""
    of = etags.of_sequence(parts.feed.incarnation, transcript.sequence)
    return of if format_ == "json" else f'{of[:-1]}-{format_}"'


def not_yet() -> Problem:
    return Problem(NOT_FOUND, "This project has no transcript yet: wait until it is transcribed.")


async def text(parts: Parts, transcript: Transcript) -> bytes:
    """The whole of it, as it is stored."""

    async def read() -> Read[bytes]:
        body = await parts.store.read(transcript.key)
        return Read(body, len(body))

    owner = transcript.tenant_id, transcript.key
    return await parts.near.transcripts.get(owner, "text", UNCHANGING, read)


async def document(parts: Parts, transcript: Transcript) -> documents.Transcript:
    """The whole of it, to be read only: others have it in hand, too."""

    async def read() -> Read[documents.Transcript]:
        body = await parts.store.read(transcript.key)
        # In a thread: an hour of speech takes half a second. It needs 0.9 of its text in memory.
        whole = await asyncio.to_thread(from_json, body, documents.Transcript)
        return Read(whole, len(body))

    owner = transcript.tenant_id, transcript.key
    return await parts.near.transcripts.get(owner, "parsed", UNCHANGING, read)


async def words(parts: Parts, caller: Caller, project_id: str) -> list[documents.Word]:
    """Every word, in the order that indexes count. A Problem where nobody has heard the film."""
    return subtitles.words(await document(parts, await row(parts, caller, project_id)))
