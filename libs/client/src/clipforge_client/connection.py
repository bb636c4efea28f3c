"""What both clients know of their gateway and of the object store. Opens nothing."""

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from clipforge_client import address, calls
from clipforge_client.calls import Call
from clipforge_client.errors import ClientError, TransferFailed, Unreachable
from clipforge_client.models import Part, Upload

WAIT: Final = 30  # seconds that the server holds a question
TIMEOUTS: Final = httpx.Timeout(connect=5, read=WAIT + 15, write=60, pool=10)
OnBytes = Callable[[int, int], None]
"""`on_bytes(sent, total)`."""


def settings(base_url: str, api_key: str) -> tuple[str, dict[str, str]]:
    """The address and the headers of every request; `address` tells them where not given."""
    url, key = (text.strip() for text in address.find(base_url, api_key))
    url = url.rstrip("/")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is no number
        good = False
    if not good:
        raise Unreachable(
            f"{url} is not an address such as http://127.0.0.1:8000. It is that of CLIPFORGE_URL, "
            "or of the profile in use."
        )
    if not key.isascii() or not key.isprintable():
        raise ClientError(
            "The API key has characters that no key has. It is that of CLIPFORGE_API_KEY, or of "
            "the profile in use."
        )
    return url, {"Authorization": f"Bearer {key}"} if key else {}


def begin_upload(file: Path) -> Call[Upload]:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    name = file.name.encode(errors="replace").decode()  # names of files need not be text
    return calls.create_upload(name, size_of(file), kind)


def size_of(file: Path) -> int:
    """Bytes of a file that can be uploaded."""
    size = file.stat().st_size
    if size == 0:
        raise ClientError(f"{file} is empty.")
    return size


def same_file(file: Path, upload: Upload) -> None:
    """Refuse to go on with another file than the upload was begun with."""
    size = size_of(file)
    if size != upload.bytes:
        raise ClientError(
            f"{file} has {size} bytes, but its upload began with {upload.bytes}: upload it anew."
        )


def part_end(upload: Upload, part: Part) -> int:
    return min(part.number * upload.part_bytes, upload.bytes)


def read_part(file: Path, upload: Upload, part: Part) -> bytes:
    """The bytes of one part, 16 MiB as a rule."""
    start = (part.number - 1) * upload.part_bytes
    wanted = part_end(upload, part) - start
    with file.open("rb") as body:
        body.seek(start)
        block = body.read(wanted)
    if len(block) != wanted:
        raise ClientError(f"{file} became shorter while it was uploaded: upload it anew.")
    return block


def broken(what: str, error: Exception) -> TransferFailed:
    """The error of a transfer that nothing helps. Without the address: it carries a signature."""
    if isinstance(error, httpx.HTTPStatusError):
        return TransferFailed(f"{what}: the object store answered {error.response.status_code}.")
    return TransferFailed(f"{what}: {error or type(error).__name__}")


def given_up(url: httpx.URL, error: Exception) -> ClientError:
    """The error to raise when no more tries are left."""
    if isinstance(error, ClientError):
        return error
    where = str(url).rstrip("/")
    return Unreachable(f"{where} does not answer: {error or type(error).__name__}")


def project_body(url: str, upload_id: str, sha256: str) -> dict[str, Any]:
    """The source of a project: an address, an upload or the hash of a film, one of them."""
    if [bool(url), bool(upload_id), bool(sha256)].count(True) != 1:
        raise ValueError("a project is made of either a url, an upload_id or a sha256")
    if url:
        return {"type": "url", "url": url}
    if upload_id:
        return {"type": "upload", "upload_id": upload_id}
    return {"type": "asset", "sha256": sha256}
