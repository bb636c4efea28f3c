"""Where every object lives, and how a content address is made.

A key is never a prefix of another key plus `/`: the embedded store keeps keys as paths.
"""

import hashlib
import json
from typing import Final

MEDIA_FILES: Final = ("audio.flac", "poster.jpg", "thumbnails.jpg", "peaks.bin", "record.json")
BRAND_FILES: Final = {"picture": "picture.png", "font": "font.ttf", "film": "film"}
EXPORT_FILES: Final = ("clip.mp4", "captions.srt", "captions.vtt", "thumbnail.jpg", "record.json")


def address(**parts: object) -> str:
    """sha256 over inputs, settings and the stage's RESULT_VERSION: same parts, same object."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def tenant(tenant_id: str) -> str:
    """The prefix of everything that a tenant owns, uploads apart."""
    return f"tenants/{tenant_id}/"


def source(tenant_id: str, sha256: str, extension: str) -> str:
    """The film as it came; `extension` without its dot."""
    return f"tenants/{tenant_id}/media/{sha256}/source.{extension}"


def media(tenant_id: str, sha256: str, file: str) -> str:
    """What import derives from a film; `file` is one of MEDIA_FILES."""
    return f"tenants/{tenant_id}/media/{sha256}/{_one_of(file, MEDIA_FILES)}"


def transcript(tenant_id: str, sha256: str) -> str:
    return f"tenants/{tenant_id}/transcripts/{sha256}.json"


def chunk(tenant_id: str, plan_hash: str, n: int, of: int) -> str:
    """One part's transcript. Plan and number of parts are in the key: other splits never mix."""
    return f"tenants/{tenant_id}/chunks/{plan_hash}/{n:04}-of-{of:04}.json"


def clips(tenant_id: str, sha256: str) -> str:
    return f"tenants/{tenant_id}/clips/{sha256}.json"


def export(tenant_id: str, sha256: str, file: str) -> str:
    """A rendered clip and what lies beside it; `file` is one of EXPORT_FILES."""
    return f"tenants/{tenant_id}/exports/{sha256}/{_one_of(file, EXPORT_FILES)}"


def brand(tenant_id: str, sha256: str, kind: str) -> str:
    """A file of a brand as a worker has stored it; `kind` is one of BRAND_FILES."""
    return f"tenants/{tenant_id}/brand/{sha256}/{BRAND_FILES[kind]}"


def preview(tenant_id: str, sha256: str) -> str:
    """The picture of a caption style."""
    return f"tenants/{tenant_id}/previews/{sha256}.jpg"


def upload(tenant_id: str, upload_id: str) -> str:
    """Where a user's file arrives."""
    return f"uploads/{tenant_id}/{upload_id}/source"


def upload_session(tenant_id: str, upload_id: str) -> str:
    """What is known of an upload: its name, size and multipart id."""
    return f"uploads/{tenant_id}/{upload_id}/session.json"


def _one_of(file: str, allowed: tuple[str, ...]) -> str:
    if file not in allowed:
        raise ValueError(f"{file!r} is not one of {', '.join(allowed)}")
    return file
