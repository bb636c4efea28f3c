"""What the tables of a bench hold: a film that is ready, 100,000 projects and a million clips.

Every other project is the first tenant's, as of an agency; the rest belong to five hundred others.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from bench.gateway import places
from clipforge.v1 import documents_pb2 as documents
from clipforge_catalog.database import open_database
from clipforge_catalog.tables import Clip, Project, ProjectState, Transcript
from clipforge_contracts import ids, keys
from clipforge_contracts.documents import to_json
from clipforge_gateway.auth import FIRST_TENANT
from clipforge_runtime.s3 import S3Store
from clipforge_standalone.stack import Stack

PROJECTS, EACH = 100_000, 10
OTHERS = 500  # tenants
CLIPS = 20  # of the film that is ready
SENTENCES, WORDS = 700, 14  # an hour of speech
PROJECT_COPIES = """
INSERT INTO projects SELECT made.* FROM projects p, generate_series(0, :projects - 1) n,
  LATERAL jsonb_populate_record(p, jsonb_build_object(
    'id', 'prj_' || lpad(n::text, 26, '0'),
    'tenant_id', CASE n % 2 WHEN 0 THEN p.tenant_id
                 ELSE 'ten_' || lpad((n % :others)::text, 26, '0') END,
    'state', CASE n % 20 WHEN 2 THEN 'failed' ELSE p.state END,
    'sequence', -n, 'title', 'film ' || n,
    'created_at', p.created_at - make_interval(mins => n))) made
WHERE p.id = :film
"""
CLIP_COPIES = """
INSERT INTO clips SELECT made.* FROM clips c, generate_series(0, :projects - 1) n,
  generate_series(0, :each - 1) k,
  LATERAL jsonb_populate_record(c, jsonb_build_object(
    'id', 'clip_' || lpad((n * :each + k)::text, 26, '0'),
    'project_id', 'prj_' || lpad(n::text, 26, '0'),
    'tenant_id', CASE n % 2 WHEN 0 THEN c.tenant_id
                 ELSE 'ten_' || lpad((n % :others)::text, 26, '0') END,
    'rank', k, 'start_ms', 60000 * k, 'end_ms', 60000 * k + 30000)) made
WHERE c.project_id = :film AND c.rank = 0
"""


@dataclass(frozen=True)
class Filled:
    """What the first tenant has. Rows only: the log knows nothing of the many."""

    film: str  # the id of the one that is ready, with a transcript
    owned: int = PROJECTS // 2

    def project(self, n: int) -> str:
        """The id of one of the many."""
        return f"prj_{2 * n:026d}"

    def clip(self, n: int) -> str:
        """The id of the best clip of one of the many."""
        return f"clip_{2 * n * EACH:026d}"


async def fill(stack: Stack) -> Filled:
    film = ids.new("prj")
    spoken = transcript()
    key = keys.transcript(FIRST_TENANT, "ab" * 32)
    await S3Store(places.settings(stack)).write(key, spoken, content_type="application/json")
    url = places.environment(stack)["CLIPFORGE_DATABASE_URL"]
    many = {"projects": PROJECTS, "each": EACH, "others": OTHERS, "film": film}
    async with open_database(url) as sessions, sessions() as session, session.begin():
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        session.add(_project(film, key))
        session.add_all(_clip(film, n) for n in range(CLIPS))
        session.add(
            Transcript(
                project_id=film,
                tenant_id=FIRST_TENANT,
                key=key,
                language="en",
                words=SENTENCES * WORDS,
                created_at=datetime.now(UTC),
                laid_out_key=key,
            )
        )
        await session.flush()
        await session.execute(text(PROJECT_COPIES), many)
        await session.execute(text(CLIP_COPIES), many)
        await session.execute(text("ANALYZE projects, clips"))
    return Filled(film)


def transcript() -> bytes:
    """An hour of it."""
    return to_json(
        documents.Transcript(
            language="en",
            duration_ms=3_600_000,
            segments=[_sentence(n) for n in range(SENTENCES)],
            engine="scripted",
            result_version=1,
        )
    )


def _sentence(n: int) -> documents.Segment:
    start = n * 5000
    words = [
        documents.Word(
            text="queue", start_ms=start + 300 * m, end_ms=start + 300 * m + 280, confidence=0.9
        )
        for m in range(WORDS)
    ]
    said = " ".join(word.text for word in words)
    return documents.Segment(text=said, start_ms=start, end_ms=start + 4900, words=words)


def _project(film: str, key: str) -> Project:
    now = datetime.now(UTC)
    return Project(
        id=film,
        tenant_id=FIRST_TENANT,
        plan="business",
        title="A talk about queues",
        state=ProjectState.READY,
        source={"url": {"url": "https://example.invalid/film.mp4"}},
        options={"clip_count": CLIPS},
        transcript_key=key,
        sequence=0,
        updated_sequence=0,
        created_at=now,
        updated_at=now,
        finished_at=now,
    )


def _clip(film: str, n: int) -> Clip:
    said = "queue " * 60
    return Clip(
        id=ids.derive("clip", film, n),
        tenant_id=FIRST_TENANT,
        project_id=film,
        rank=n,
        start_ms=60_000 * n,
        end_ms=60_000 * n + 30_000,
        score=90 - n,
        confidence=0.8,
        title=f"Clip {n}",
        text=said,
        reasons=["It asks a question.", "It stands by itself."],
        hashtags=["queues", "work"],
        factors=[],
        detector="scripted",
        sequence=0,
    )
