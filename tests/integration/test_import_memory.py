"""Memory stays the same whatever the size of a film: fetched, uploaded and hashed in a child."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipforge_runtime.settings import RuntimeSettings
from web_server import WebServer, chunked

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
LARGE = 200 * MIB
FETCHING = 16 * MIB  # allowed on top for fetching and hashing: buffers of connections
STORING = 100 * MIB  # for storing: six parts of 16 MiB are in hand at most, for a film of any size

# Prints the size of a film, and the peak of memory once it is fetched, and once it is stored.
CHILD = """
import asyncio, resource, sys
from pathlib import Path
from pydantic import SecretStr
from clipforge_import.handler import _hash
from clipforge_import.limits import Limits
from clipforge_import.sources import http
from clipforge_runtime.s3 import S3Store
from clipforge_runtime.settings import RuntimeSettings

port, folder, endpoint, bucket, access, secret = sys.argv[1:]
store = S3Store(RuntimeSettings(nats_url="nats://127.0.0.1:1", s3_endpoint=endpoint,
    s3_bucket=bucket, s3_access_key=access, s3_secret_key=SecretStr(secret)))
to = Path(folder) / "film"

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

async def take(path):
    await http.fetch(f"http://127.0.0.1:{port}{path}", to, on_bytes=lambda *_: None,
        limits=Limits(2**40, 1), allowed=frozenset({("127.0.0.1", int(port))}))
    await _hash(to, lambda *_: None)
    fetched = peak()
    await store.upload("tenants/t/film", to, content_type="video/mp4")
    await store.download("tenants/t/film", to)
    print(to.stat().st_size, fetched, peak())

for path in ("/small", "/large"):
    asyncio.run(take(path))
"""


def test_a_film_of_200_megabytes_takes_no_more_memory_than_a_small_one(
    s3_settings: RuntimeSettings, tmp_path: Path
) -> None:
    sizes = iter((10 * MIB, LARGE))

    def film() -> Iterator[bytes]:
        for _ in range(next(sizes) // MIB):
            yield b"x" * MIB

    with WebServer([chunked(film)]) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", CHILD, str(server.port), str(tmp_path)),
                *(s3_settings.s3_endpoint, s3_settings.s3_bucket, s3_settings.s3_access_key),
                s3_settings.s3_secret_key.get_secret_value(),
            ],
            check=True,
            capture_output=True,
            text=True,
        )

    small, large = (tuple(map(int, line.split())) for line in done.stdout.splitlines())
    assert (small[0], large[0]) == (10 * MIB, LARGE)
    assert large[1] - small[2] < FETCHING, (small, large)
    assert large[2] - small[2] < STORING, (small, large)
