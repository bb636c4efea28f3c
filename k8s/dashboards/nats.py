"""The log's servers, as prometheus-nats-exporter tells of them, beside what we say of the log.

Its names begin with `jetstream` and `gnatsd`, or with `nats` where NATS's chart starts it. Of a
consumer only the leader's numbers are true.
"""

from typing import Any, Final

from dashboards.panels import OWN, Choice, Query, Row, dashboard, figure, graph

LEADS: Final = 'job=~"$nats_job",stream_name="CLIPFORGE",is_consumer_leader="true"'
STREAM: Final = 'job=~"$nats_job",stream_name="CLIPFORGE",is_stream_leader="true"'
JOB: Final = Choice(
    "nats_job",
    "Job of the exporter",
    'label_values({__name__=~"(jetstream|nats)_stream_total_bytes"}, job)',
    all_=True,
)


def _js(name: str, matchers: str) -> str:
    return f'{{__name__=~"(jetstream|nats)_{name}",{matchers}}}'


def _varz(name: str) -> str:
    return f'{{__name__=~"(gnatsd|nats)_varz_{name}",job=~"$nats_job"}}'


def nats() -> dict[str, Any]:
    return dashboard(
        "clipforge-nats",
        "ClipForge / NATS",
        (
            Row(
                "The log",
                (
                    figure(
                        "Used",
                        "Share of what the log may hold.",
                        "percentunit",
                        f"max(clipforge_log_used_share{{{OWN}}})",
                        good=False,
                        limit=0.7,
                    ),
                    figure(
                        "Bytes",
                        "Of the stream.",
                        "bytes",
                        f"max({_js('stream_total_bytes', STREAM)})",
                    ),
                    figure(
                        "Facts",
                        "Messages in the stream.",
                        "short",
                        f"max({_js('stream_total_messages', STREAM)})",
                    ),
                    figure(
                        "Consumers",
                        "Of the stream: one a stage, priority and lane, and one a follower.",
                        "short",
                        f"max({_js('stream_consumer_count', STREAM)})",
                    ),
                ),
            ),
            Row(
                "Consumers",
                (
                    graph(
                        "Waiting",
                        "Facts that a consumer has not delivered yet.",
                        "short",
                        Query(
                            f"sum by (consumer_name) ({_js('consumer_num_pending', LEADS)}) > 0",
                            "{{consumer_name}}",
                        ),
                    ),
                    graph(
                        "In hand",
                        "Delivered, and not acknowledged yet.",
                        "short",
                        Query(
                            "sum by (consumer_name) ("
                            f"{_js('consumer_num_ack_pending', LEADS)}) > 0",
                            "{{consumer_name}}",
                        ),
                    ),
                    graph(
                        "Delivered more than once",
                        "Of what is in hand: workers have died, or the log was away.",
                        "short",
                        Query(
                            "sum by (consumer_name) ("
                            f"{_js('consumer_num_redelivered', LEADS)}) > 0",
                            "{{consumer_name}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Servers",
                (
                    graph(
                        "Connections",
                        "Of each server.",
                        "short",
                        Query(f"sum by (server_id) ({_varz('connections')})", "{{server_id}}"),
                    ),
                    graph(
                        "Memory",
                        "Of each server.",
                        "bytes",
                        Query(f"max by (server_id) ({_varz('mem')})", "{{server_id}}"),
                    ),
                    graph(
                        "Slow consumers",
                        "Connections that were cut off for not reading in time, in an hour.",
                        "short",
                        Query(
                            f"sum by (server_id) (delta({_varz('slow_consumers')}[1h]))",
                            "{{server_id}}",
                        ),
                    ),
                ),
            ),
            Row(
                "Hearts of workers",
                (
                    graph(
                        "Answers to pulls",
                        "A second, by what they brought.",
                        "ops",
                        Query(
                            f"sum by (answer) (rate(clipforge_pulls_total{{{OWN}}}"
                            "[$__rate_interval]))",
                            "{{answer}}",
                        ),
                    ),
                    graph(
                        "Clock skew",
                        "How far each process's clock is ahead of the log's.",
                        "s",
                        Query(
                            f"max by (pod) (abs(clipforge_clock_skew_seconds{{{OWN}}}))", "{{pod}}"
                        ),
                        limit=1,
                    ),
                ),
            ),
        ),
        (JOB,),
    )
