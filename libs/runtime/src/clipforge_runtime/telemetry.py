"""What can be seen of a running stage: a span, a log context and metrics for each delivery."""

import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from clipforge_runtime import logs

DELIVERIES: Final = Counter(
    "clipforge_deliveries_total", "Deliveries settled, by how they ended", ["stage", "outcome"]
)
SECONDS: Final = Histogram(
    "clipforge_stage_seconds",
    "Seconds from the start of a delivery to its settlement",
    ["stage", "outcome"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800),
)
RUNNING: Final = Gauge("clipforge_deliveries_running", "Deliveries being worked on", ["stage"])
SLOTS: Final = Gauge("clipforge_slots", "Deliveries that this worker takes at once", ["stage"])
LOAD: Final = Gauge(
    "clipforge_stage_load",
    "Running over available slots of all workers, a minute's mean",
    ["stage"],
)
DEFERRING: Final = Gauge(
    "clipforge_stage_deferring", "1 while free work is held back for the load", ["stage"]
)
PULLS: Final = Counter(
    "clipforge_pulls_total",
    "Answers of the log to pulls, by what they brought",
    ["stage", "answer"],
)
FETCHED: Final = Counter(
    "clipforge_fetched_total", "Deliveries fetched", ["stage", "priority", "lane"]
)

tracer: Final = trace.get_tracer("clipforge")


class Outcome:
    """How a delivery ends, said while it is handled."""

    word = "completed"


@contextmanager
def observe(
    stage: str, headers: Mapping[str, str], fields: Mapping[str, str]
) -> Generator[Outcome]:
    """Surround one delivery with a span in the cause's trace, log fields and metrics."""
    outcome = Outcome()
    before = logs.context.set({"stage": stage, **fields})
    attributes = {f"clipforge.{name}": value for name, value in fields.items()}
    try:
        with (
            tracer.start_as_current_span(
                f"{stage} process",
                context=propagate.extract(headers),
                kind=SpanKind.CONSUMER,
                attributes=attributes,
            ) as span,
            RUNNING.labels(stage).track_inprogress(),
        ):
            started = time.perf_counter()
            yield outcome
            SECONDS.labels(stage, outcome.word).observe(time.perf_counter() - started)
            span.set_attribute("clipforge.outcome", outcome.word)
    finally:
        logs.context.reset(before)
    DELIVERIES.labels(stage, outcome.word).inc()


def trace_headers() -> dict[str, str]:
    """The current trace, ready to travel with a message."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def trace_id() -> str:
    """The current trace's id in hex, or an empty text."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else ""


@contextmanager
def traces(service: str, otlp_endpoint: str) -> Generator[None]:
    """Record spans of this process, and send them where a collector is named."""
    resource = Resource.create({"service.name": f"clipforge-{service}", "process.pid": os.getpid()})
    provider = TracerProvider(resource=resource)
    if otlp_endpoint:
        exporter = OTLPSpanExporter(f"{otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
