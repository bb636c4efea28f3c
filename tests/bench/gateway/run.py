"""`make bench-gateway`: answers at a thousand users, what is near, ten thousand event streams.

PART=load, near or streams is that part alone. The tables have 100,000 projects and a million
clips.
"""

import argparse
import asyncio
import resource
import tempfile
from pathlib import Path

from bench.gateway.filling import fill
from bench.gateway.load import load
from bench.gateway.near import near
from bench.gateway.streams import streams
from stacks import running

PARTS = ("load", "near", "streams")
SECONDS = 30.0
STREAMS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--streams", type=int, default=STREAMS)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a stream is a file at both ends
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as nobody, where we are root
        told = measure(Path(folder), given.part or PARTS, given.seconds, given.streams)
    print(f"bench-gateway: {told}")


def measure(folder: Path, parts: tuple[str, ...], seconds: float, number: int) -> str:
    with running(folder, lambda _: None) as stack:
        filled = asyncio.run(fill(stack))
        told = {
            "load": lambda: load(stack, filled, seconds),
            "near": lambda: near(stack, filled),
            "streams": lambda: streams(stack, filled, number),
        }
        return " ".join(told[part]() for part in parts)


if __name__ == "__main__":
    main()
