"""What is said in a film: its transcript as it is now."""

import asyncio

from clipforge.v1 import documents_pb2 as documents
from clipforge_catalog.queries import projects
from clipforge_catalog.tables import Transcript
from clipforge_contracts import subtitles
from clipforge_contracts.documents import from_json
from clipforge_gateway import etags
from clipforge_gateway.auth import Caller
from clipforge_gateway.parts import Parts
from clipforge_gateway.problems import NOT_FOUND, Problem


async def row(parts: Parts, caller: Caller, project_id: str) -> Transcript:
    """The row of a project's transcript. A Problem where there is none yet."""
    async with parts.sessions() as session:
        found = await projects.transcript(session, caller.tenant_id, project_id)
    if found is None:
        raise not_yet()
    return found


def tag(parts: Parts, transcript: Transcript, format_: str = "json") -> str:
    """The entity tag of a version, in one of its formats. Edits name that of `json`."""
    of = etags.of_sequence(parts.feed.incarnation, transcript.sequence)
    return of if format_ == "json" else f'{of[:-1]}-{format_}"'


def not_yet() -> Problem:
    return Problem(NOT_FOUND, "This project has no transcript yet: wait until it is transcribed.")


async def document(parts: Parts, transcript: Transcript) -> documents.Transcript:
    """The whole of it. In a thread: an hour of speech is a megabyte to parse."""
    body = await parts.store.read(transcript.key)
    return await asyncio.to_thread(from_json, body, documents.Transcript)


async def words(parts: Parts, caller: Caller, project_id: str) -> list[documents.Word]:
    """Every word, in the order that indexes count. A Problem where nobody has heard the film."""
    return subtitles.words(await document(parts, await row(parts, caller, project_id)))
