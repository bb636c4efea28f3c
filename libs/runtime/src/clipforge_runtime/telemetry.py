"""What can be seen of a running stage: a span, a log context and metrics for each delivery."""

import itertools
import os
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Final

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
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
_TRACE_CONTEXT: Final = TraceContextTextMapPropagator()
_IDS: Final = RandomIdGenerator()


class Outcome:
    """How a delivery ends, said while it is handled."""

    word = "completed"


@contextmanager
def observe(
    stage: str, headers: Mapping[str, str], fields: Mapping[str, str]
) -> Generator[Outcome]:
    """Surround one delivery with a span in the cause's trace, log fields and metrics."""
    outcome = Outcome()
    running = _running(stage)
    before = logs.context.set({"stage": stage, **fields})
    running.inc()
    started = time.perf_counter()
    try:
        with _span(stage, headers, fields, outcome):
            yield outcome
    finally:
        _seconds(stage, outcome.word).observe(time.perf_counter() - started)
        _deliveries(stage, outcome.word).inc()
        running.dec()
        logs.context.reset(before)


def request(headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Surround a request with its client's trace, or a new one.

    Where a collector hears of spans, the web framework makes one of each request by itself.
    """
    return nullcontext() if _recording() else _trace_of(headers)


@contextmanager
def _span(
    stage: str, headers: Mapping[str, str], fields: Mapping[str, str], outcome: Outcome
) -> Generator[None]:
    """A span of its own where a collector hears of it; else only the trace's id goes on.

    To record one that nobody gets took a fifth of what a delivery cost.
    """
    if not _recording():
        with _trace_of(headers):
            yield
        return
    attributes = {f"clipforge.{name}": value for name, value in fields.items()}
    with tracer.start_as_current_span(
        f"{stage} process",
        context=_known(headers),
        kind=SpanKind.CONSUMER,
        attributes=attributes,
    ) as span:
        yield
        span.set_attribute("clipforge.outcome", outcome.word)


@contextmanager
def _trace_of(headers: Mapping[str, str]) -> Generator[None]:
    known = _known(headers)
    if not known:
        fresh = SpanContext(_IDS.generate_trace_id(), _IDS.generate_span_id(), is_remote=False)
        known = trace.set_span_in_context(NonRecordingSpan(fresh))
    token = context.attach(known)
    try:
        yield
    finally:
        context.detach(token)


def _known(headers: Mapping[str, str]) -> context.Context:
    return _TRACE_CONTEXT.extract(headers) if "traceparent" in headers else context.Context()


def _recording() -> bool:
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def at_nothing(metric: Counter | Histogram, *labels: Iterable[str]) -> None:
    """Show a series of each combination of `labels` before there is anything to count.

    A rate then sees the first of each, and a panel what has not happened.
    """
    for values in itertools.product(*labels):
        metric.labels(*values)


@cache
def fetched(stage: str, priority: str, lane: str) -> Counter:
    """The counter of what is fetched of one consumer."""
    return FETCHED.labels(stage, priority, lane)


@cache
def _running(stage: str) -> Gauge:
    return RUNNING.labels(stage)


@cache
def _seconds(stage: str, outcome: str) -> Histogram:
    return SECONDS.labels(stage, outcome)


@cache
def _deliveries(stage: str, outcome: str) -> Counter:
    return DELIVERIES.labels(stage, outcome)


def trace_headers() -> dict[str, str]:
    """The current trace, ready to travel with a message, as W3C Trace Context has it."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return {}
    ids = f"{trace.format_trace_id(span.trace_id)}-{trace.format_span_id(span.span_id)}"
    state = {"tracestate": span.trace_state.to_header()} if span.trace_state else {}
    return {"traceparent": f"00-{ids}-{span.trace_flags:02x}", **state}


def trace_id() -> str:
    """The current trace's id in hex, or an empty text."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else ""


@contextmanager
def traces(service: str, otlp_endpoint: str) -> Generator[None]:
    """Record spans of this process, and send them, where a collector is named."""
    if not otlp_endpoint:
        yield
        return
    resource = Resource.create({"service.name": f"clipforge-{service}", "process.pid": os.getpid()})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(f"{otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
