"""A collector of traces: OTLP over HTTP, as the protocol's own messages have it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zlib import MAX_WBITS, decompress

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Span:
    """What a service has sent of one span."""

    service: str
    name: str
    trace: str
    id: str
    parent: str  # empty: none
    attributes: dict[str, Any]


@dataclass
class Collector:
    """Everything that was sent, in its order."""

    address: str
    spans: list[Span] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, request: ExportTraceServiceRequest) -> None:
        with self._changed:
            for resource in request.resource_spans:
                service = _values(resource.resource.attributes)["service.name"]
                for scope in resource.scope_spans:
                    self.spans += [
                        Span(
                            service,
                            one.name,
                            one.trace_id.hex(),
                            one.span_id.hex(),
                            one.parent_span_id.hex(),
                            _values(one.attributes),
                        )
                        for one in scope.spans
                    ]
            self._changed.notify_all()

    def trace(self, trace: str, services: Counter[str], *, within: float) -> list[Span]:
        """The spans of a trace, once each service has sent so many of it, or time is over."""

        def heard() -> list[Span]:
            return [span for span in self.spans if span.trace == trace]

        with self._changed:
            self._changed.wait_for(
                lambda: services <= Counter(span.service for span in heard()), within
            )
            return heard()


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on loopback while the block runs."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = decompress(body, MAX_WBITS | 16)
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            heard.hear(ExportTraceServiceRequest.FromString(body))
            said = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Tests look at what was heard."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    heard = Collector(f"http://127.0.0.1:{server.server_port}")
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def _values(attributes: Any) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value")
        for one in attributes
    }
