"""Somebody who keeps asking for things, for `make e2e`, in a pod; and how long it was in vain."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import through_every_stage as api

from e2e import films

STOP = Path("/tmp/stop")  # noqa: S108  (the pod's own)
AT_ONCE = 2  # films of the traffic under way; two cores are soon busy
CAUGHT_SECONDS = 300  # in which a film of the traffic comes by each stage, also on a busy machine


def traffic() -> dict[str, float]:
    """Read and submit until somebody makes the file STOP; then wait for all of it.

    Exits where a request fails that was asked again as its answer said, or a film is lost. How
    often that was, and the longest time in seconds that something was not to be had, are told.
    """
    reads: list[float] = []

    def read() -> None:
        while not STOP.exists():
            began = time.monotonic()
            api.call("GET", "/v1/projects?limit=5")
            reads.append(time.monotonic() - began)
            time.sleep(0.2)  # five a second: a reader, no flood

    def work() -> list[dict[str, int]]:
        done = []
        while not STOP.exists():
            done.append(films.finish([films.submit(auto_export=True)]))
        return done

    with ThreadPoolExecutor() as threads:
        reading = threads.submit(read)
        working = [threads.submit(work) for _ in range(AT_ONCE)]
        done = [each for one in working for each in one.result()]
        reading.result()
    total = {name: sum(one[name] for one in done) for name in ("projects", "exports")}
    return {
        **total,
        "requests": len(reads),
        "retries": sum(times for times, _ in api.LATE),
        # Of a read all of it counts, so that an answer which hangs is seen; of others, which may
        # wait for news, what came after the first refusal.
        "longest_gap_s": max([*reads, *(seconds for _, seconds in api.LATE)]),
    }


def caught(queue: str) -> int:
    """Wait until a worker has something of a queue in hand; how much it is."""
    began = time.monotonic()
    while not (found := active(queue)):
        if time.monotonic() - began > CAUGHT_SECONDS:
            raise SystemExit(f"nobody ever worked on {queue}")
        time.sleep(0.05)
    return found


def active(queue: str) -> int:
    """What was handed to workers of a queue, and of which the log has not heard since."""
    return int(api.call("GET", f"/v1/queues/{queue}/metrics")["active"])
