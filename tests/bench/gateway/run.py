"""`make bench-gateway`: answers at a thousand users, what is near, ten thousand event streams.

PART=answers, near or streams is that part alone. Figures of answers are ratios to the bare web
server that the gateway stands on: same machine, same rate, same users.
"""

import argparse
import asyncio
import resource
import tempfile
from pathlib import Path

from bench.gateway.answers import answers
from bench.gateway.filling import fill
from bench.gateway.near import near
from bench.gateway.streams import streams
from stacks import running

PARTS = ("answers", "near", "streams")
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
        film = asyncio.run(fill(stack))
        told = {
            "answers": lambda: answers(stack, film, seconds),
            "near": lambda: near(stack, film),
            "streams": lambda: streams(stack, number),
        }
        return " ".join(told[part]() for part in parts)


if __name__ == "__main__":
    main()
