"""One trace from a request through the log to the last stage; log lines bear its id."""

import json
from collections import Counter
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from clipforge_client.client import Client
from clipforge_standalone.stack import Stack
from collector import Collector, Span
from web_server import WebServer, status
from workshop import PATIENCE

pytestmark = [pytest.mark.pipeline, pytest.mark.integration]

OPTIONS = {"clips": 1, "min_clip_ms": 5_000, "max_clip_ms": 15_000}
STAGES = ("import", "transcription", "clip-detection", "export")


def begun_by(span: Span, spans: list[Span]) -> str:
    """The service whose span is the parent of this one."""
    [parent] = [one for one in spans if one.id == span.parent]
    return parent.service.removeprefix("clipforge-")


def test_a_films_trace_leads_from_the_gateway_through_the_log_to_the_export(
    stack: Stack, client: Client, collector: Collector, talk: Path
) -> None:
    trace, browser = uuid4().hex, uuid4().hex[:16]
    headers = {
        "Authorization": f"Bearer {stack.api_key}",
        "traceparent": f"00-{trace}-{browser}-01",
    }
    source = {"type": "upload", "upload_id": client.upload(talk).id}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=PATIENCE) as http:
        submitted = http.post("/v1/projects", json={"source": source, "options": OPTIONS})
        project = client.wait_for_project(submitted.raise_for_status().json()["id"])
        [clip] = client.clips(project.id)
        asked = http.post("/v1/exports", json={"clip_id": clip.id, "quality": "draft"})
        export = client.export(asked.raise_for_status().json()["id"])
        while not export.over:
            export = client.export(export.id, wait=30)

    wanted = Counter(f"clipforge-{name}" for name in ("gateway", "gateway", *STAGES))
    spans = collector.trace(trace, wanted, within=PATIENCE)

    assert (project.state, export.state) == ("ready", "completed")
    assert {span.service for span in spans} == set(wanted)
    requests = [span for span in spans if span.parent == browser]
    assert [span.name for span in requests] == ["POST /v1/projects", "POST /v1/exports"]
    assert {span.service for span in requests} == {"clipforge-gateway"}
    work = [span for span in spans if span.service != "clipforge-gateway"]
    causes = {span.service.removeprefix("clipforge-"): begun_by(span, spans) for span in work}
    assert causes == {
        "import": "gateway",
        "transcription": "import",
        "clip-detection": "transcription",
        "export": "gateway",
    }
    assert {span.attributes["clipforge.outcome"] for span in work} == {"completed"}


def test_what_a_stage_logs_of_a_failed_film_bears_the_trace_that_its_dead_letter_names(
    stack: Stack, client: Client, web: WebServer
) -> None:
    web.answers[:] = [status(404)]
    trace = uuid4().hex
    headers = {
        "Authorization": f"Bearer {stack.api_key}",
        "traceparent": f"00-{trace}-{uuid4().hex[:16]}-01",
    }
    nowhere = {"source": {"type": "url", "url": web.url()}}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=PATIENCE) as http:
        submitted = http.post("/v1/projects", json=nowhere)
        project = client.wait_for_project(submitted.raise_for_status().json()["id"])
        [letter] = http.get("/v1/dead-letters", params={"project_id": project.id}).json()["items"]

    lines = [
        json.loads(line) for line in (stack.folder / "logs/import.log").read_text().splitlines()
    ]
    said = [line for line in lines if line.get("trace_id") == trace]

    assert project.state == "failed"
    assert letter["trace_id"] == trace
    assert [line["project"] for line in said if line["level"] == "ERROR"] == [project.id]
