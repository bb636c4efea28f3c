"""What a service sends to Sentry: errors that it logs, by Sentry's own client, over HTTP."""

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest

from clipforge_runtime import logs, sentry

pytestmark = pytest.mark.integration

log = logging.getLogger("clipforge_of_a_test")


class Ingest(ThreadingHTTPServer):
    """Takes envelopes as Sentry does, and keeps their events."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Envelopes)
        self.events: list[dict[str, Any]] = []

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.server_port}/7"


class Envelopes(BaseHTTPRequestHandler):
    server: Ingest

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        _, *items = body.splitlines()
        for header, payload in zip(items[::2], items[1::2], strict=False):
            if json.loads(header)["type"] == "event":
                self.server.events.append(json.loads(payload))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing: it would go to the output of the tests."""


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    with Ingest() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_error_is_told_with_its_service_its_job_and_where_it_was(ingest: Ingest) -> None:
    with sentry.errors("export", ingest.dsn):
        token = logs.context.set({"project": "prj_1", "job": "job_1"})
        try:
            raise RuntimeError("no such thing")
        except RuntimeError:
            log.exception("gave up")
        logs.context.reset(token)

    [event] = ingest.events
    assert event["logentry"]["message"] == "gave up"
    assert event["exception"]["values"][0]["type"] == "RuntimeError"
    assert (
        event["tags"].items() >= {"service": "export", "project": "prj_1", "job": "job_1"}.items()
    )


def test_secrets_and_values_of_variables_stay_here(ingest: Ingest) -> None:
    with sentry.errors("export", ingest.dsn):
        said, password, signature = (uuid4().hex for _ in range(3))
        try:
            raise RuntimeError(f"nats://export:{password}@log:4222, {len(said)} bytes")
        except RuntimeError:
            log.exception("GET /clip.mp4?X-Amz-Signature=%s", signature)

    [event] = ingest.events
    text = json.dumps(event)
    assert event["logentry"]["formatted"] == "GET /clip.mp4?X-Amz-Signature=***"
    for secret in (said, password, signature):
        assert secret not in text


def test_what_is_no_error_is_not_told(ingest: Ingest) -> None:
    with sentry.errors("export", ingest.dsn):
        log.warning("asking again")

    assert ingest.events == []


def test_a_dsn_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="https://KEY@HOST/ID"), sentry.errors("export", "me"):
        pass
