"""The object store on S3. The only file that imports minio, whose calls run in threads."""

import asyncio
import ctypes
import io
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import Part as MinioPart
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error

from clipforge_runtime.errors import Permanent, Transient
from clipforge_runtime.links import signing
from clipforge_runtime.settings import RuntimeSettings
from clipforge_runtime.storage import Moved, NotFound, Part, Stat
from clipforge_runtime.transfer import Meter, Metered

T = TypeVar("T")

CONNECT_SECONDS: Final = 3.0  # product.md S11: give up on a dead store quickly
READ_SECONDS: Final = 30.0  # between two reads of a stream, not for the whole of it
PART_BYTES: Final = 16 * 1024 * 1024  # three at once keep a connection busy; measured on 500 MB
BLOCK: Final = 1024 * 1024
CONNECTIONS: Final = 16
_GONE: Final = {"NoSuchKey", "NoSuchUpload", "NoSuchBucket", "NotFound"}


class S3Store:
    """An ObjectStore in one bucket of any S3."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._bucket = settings.s3_bucket
        self._client = _client(settings, settings.s3_endpoint)
        # Signing needs no connection, so the users' address need not be reachable from here.
        self._public = _client(settings, settings.s3_public_endpoint or settings.s3_endpoint)
        self._downloads = settings.s3_download_endpoint
        self._sync_path = settings.s3_sync_path

    async def ensure_bucket(self) -> None:
        """Make the bucket where there is none. For installers; services expect it to be there."""

        def make() -> None:
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)
            self._sync()

        await self._call(make)

    async def stat(self, key: str) -> Stat | None:
        try:
            found = await self._call(lambda: self._client.stat_object(self._bucket, key))
        except NotFound:
            return None
        return _stat(found)

    async def read(self, key: str, *, limit: int = 64 * 1024 * 1024) -> bytes:
        def get() -> bytes:
            response = self._client.get_object(self._bucket, key)
            try:
                body: bytes = response.read(limit + 1)
                return body
            finally:
                response.close()
                response.release_conn()

        body = await self._call(get)
        if len(body) > limit:
            raise Permanent(f"An internal document is larger than {limit} bytes.", detail=key)
        return body

    async def write(self, key: str, body: bytes, *, content_type: str) -> None:
        def put() -> None:
            self._client.put_object(
                self._bucket, key, io.BytesIO(body), len(body), content_type=content_type
            )
            self._sync()

        await self._call(put)

    async def download(self, key: str, to: Path, *, moved: Moved | None = None) -> Path:
        def get(meter: Meter) -> None:
            response = self._client.get_object(self._bucket, key)
            try:
                with to.open("wb") as file:
                    for block in response.stream(BLOCK):
                        file.write(block)
                        meter.count(len(block))
            finally:
                response.close()
                response.release_conn()

        await self._move(get, moved)
        return to

    async def upload(
        self, key: str, file: Path, *, content_type: str, moved: Moved | None = None
    ) -> None:
        size = file.stat().st_size

        def put(meter: Meter) -> None:
            with Metered(file, meter) as body:
                self._client.put_object(
                    self._bucket, key, body, size, content_type=content_type, part_size=PART_BYTES
                )
            self._sync()

        await self._move(put, moved)

    async def delete(self, keys: Sequence[str]) -> None:
        def remove() -> None:
            wanted = [DeleteObject(key) for key in keys]
            faults = [
                fault
                for fault in self._client.remove_objects(self._bucket, wanted)
                if fault.code not in _GONE
            ]
            if faults:
                raise Transient(f"The object store kept {len(faults)} objects: {faults[0].code}")

        await self._call(remove)

    async def find(self, prefix: str, *, limit: int = 1000, after: str = "") -> list[Stat]:
        def walk() -> list[Stat]:
            found = self._client.list_objects(
                self._bucket, prefix=prefix, recursive=True, start_after=after or None
            )
            # The embedded store tells folders that became empty, and begins with the key itself.
            objects = (
                entry
                for entry in found
                if not str(entry.object_name).endswith("/") and str(entry.object_name) > after
            )
            return [_stat(entry) for entry in islice(objects, limit)]

        return await self._call(walk)

    async def presign_get(
        self, key: str, *, expires: timedelta, public: bool = False, file_name: str = ""
    ) -> str:
        client = self._public if public else self._client
        shown: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": f'attachment; filename="{file_name}"'
        }
        signed, good_for = signing(datetime.now(UTC), expires)
        address = client.presigned_get_object(
            self._bucket,
            key,
            expires=good_for,
            response_headers=shown if file_name else None,
            request_date=signed,
        )
        if public and self._downloads:  # which asks the store by the name that is signed
            place = urlsplit(self._downloads)
            address = urlsplit(address)._replace(scheme=place.scheme, netloc=place.netloc).geturl()
        return str(address)

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        return await self._call(
            lambda: str(
                self._client._create_multipart_upload(
                    self._bucket, key, {"Content-Type": content_type}
                )
            )
        )

    async def presign_part(
        self, key: str, multipart: str, number: int, *, expires: timedelta
    ) -> str:
        return str(
            self._public.get_presigned_url(
                "PUT",
                self._bucket,
                key,
                expires=expires,
                extra_query_params={"partNumber": str(number), "uploadId": multipart},
            )
        )

    async def list_parts(self, key: str, multipart: str) -> list[Part]:
        def walk() -> list[Part]:
            parts: list[Part] = []
            marker = 0
            while True:
                page = self._client._list_parts(
                    self._bucket, key, multipart, part_number_marker=str(marker)
                )
                parts += [Part(p.part_number, p.etag, p.size or 0) for p in page.parts]
                if not page.is_truncated or not page.parts:
                    return parts
                marker = page.parts[-1].part_number

        return await self._call(walk)

    async def complete_multipart(self, key: str, multipart: str, parts: Sequence[Part]) -> None:
        def complete() -> None:
            known = [MinioPart(part.number, part.etag) for part in parts]
            self._client._complete_multipart_upload(self._bucket, key, multipart, known)
            self._sync()

        await self._call(complete)

    async def abort_multipart(self, key: str, multipart: str) -> None:
        try:
            await self._call(
                lambda: self._client._abort_multipart_upload(self._bucket, key, multipart)
            )
        except NotFound:
            return

    async def healthy(self) -> bool:
        try:
            async with asyncio.timeout(2):
                return bool(await self._call(lambda: self._client.bucket_exists(self._bucket)))
        except (TimeoutError, Transient, NotFound):
            return False

    async def _move(self, work: Callable[[Meter], None], moved: Moved | None) -> None:
        meter = Meter(moved)
        try:
            await self._call(lambda: work(meter))
        except asyncio.CancelledError:
            meter.stop()
            raise

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except S3Error as error:
            if error.code in _GONE:
                raise NotFound(f"{error.code} {error.object_name or error.bucket_name}") from error
            raise Transient(f"The object store refused: {error.code}.") from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise Transient("The object store does not answer.") from error

    def _sync(self) -> None:
        """Flush an embedded store's folder: its server answers before the disk has the bytes."""
        if self._sync_path is None:
            return
        folder = os.open(self._sync_path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(folder) != 0:
                raise OSError(ctypes.get_errno(), "syncfs")
        finally:
            os.close(folder)


def _client(settings: RuntimeSettings, endpoint: str) -> Minio:
    parts = urlsplit(endpoint)
    return Minio(
        parts.netloc,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=parts.scheme == "https",
        region=settings.s3_region,
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            maxsize=CONNECTIONS,
            # Retrying is the worker's business; one more try covers a connection gone stale.
            retries=urllib3.Retry(total=1, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
        ),
    )


def _stat(found: object) -> Stat:
    return Stat(
        key=str(getattr(found, "object_name", "")),
        bytes=int(getattr(found, "size", 0) or 0),
        etag=str(getattr(found, "etag", "")),
        modified=found.last_modified,  # type: ignore[attr-defined]
        content_type=str(getattr(found, "content_type", "") or ""),
    )
