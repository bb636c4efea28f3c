"""What `helm test` runs: a film of a second goes in, and must come out as a clip.

Only the standard library, so that any image with Python will do.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

GATEWAY = os.environ["GATEWAY"].rstrip("/")
DEADLINE = time.monotonic() + float(os.environ["TIMEOUT_SECONDS"])
FILM = Path(os.environ["FILM"]).read_bytes()
LATE: list[tuple[int, float]] = []
"""Of what had to be asked again: how often, and seconds from the first refusal to the answer."""
OPTIONS = {"language": "en", "clips": 1, "quality": "draft", "height": 180}


def main() -> None:
    upload = call("POST", "/v1/uploads", {"file_name": "film.mp4", "bytes": len(FILM)})
    (part,) = call("GET", f"/v1/uploads/{upload['id']}/parts")["items"]
    store("PUT", part["url"], FILM)
    call("POST", f"/v1/uploads/{upload['id']}/complete", {})
    source = {"type": "upload", "upload_id": upload["id"]}
    submitted = {"source": source, "title": "helm test", "options": OPTIONS}
    project = call("POST", "/v1/projects", submitted)
    try:
        project = wait(f"/v1/projects/{project['id']}", "ready")
        say(f"clips after {project['seconds_per_stage']}")
        clips = call("GET", f"/v1/projects/{project['id']}/clips")["items"]
        if not clips:
            sys.exit(f"the film has no clip: {project['notice'] or 'nothing was understood'}")
        look = {"clip_id": clips[0]["id"], "quality": "draft", "height": 180}
        export = call("POST", "/v1/exports", look)
        export = wait(f"/v1/exports/{export['id']}", "completed")
        clip = store("GET", export["files"]["clip"])
        if clip[4:8] != b"ftyp":
            sys.exit(f"what came out is no mp4: {clip[:16]!r}")
        say(f"a clip of {len(clip)} bytes; {clips[0]['text']!r}")
    finally:
        call("DELETE", f"/v1/projects/{project['id']}")


def wait(path: str, state: str) -> dict[str, Any]:
    """Ask until it is in this state, and say what happens on the way."""
    said = ""
    while True:
        found: dict[str, Any] = call("GET", f"{path}?wait=10")
        progress = found["progress"]
        if said != (said := f"{found['state']} {progress['stage']}"):
            say(said)
        if found["state"] == state:
            return found
        if found["state"] in ("failed", "cancelled"):
            sys.exit(f"{path} {found['state']}: {found.get('failure')}")
        if time.monotonic() > DEADLINE:
            sys.exit(f"{path} is still {said} at {progress['percent']} %: {progress['step']}")


def call(method: str, path: str, body: object = None) -> Any:
    """A call of the API."""
    request = urllib.request.Request(  # noqa: S310  (the address is the chart's)
        GATEWAY + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['CLIPFORGE_API_KEY']}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        },
    )
    answer = patiently(request)
    return json.loads(answer) if answer else None


def store(method: str, url: str, body: bytes | None = None) -> bytes:
    """A presigned address of the object store."""
    return patiently(urllib.request.Request(url, data=body, method=method))  # noqa: S310  (the same)


def patiently(request: urllib.request.Request) -> bytes:
    """The answer. What is not ready yet is asked again until the deadline."""
    times, since = 0, 0.0
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  (the same)
                answer: bytes = response.read()
            if times:
                LATE.append((times, time.monotonic() - since))
            return answer
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code not in (429, 502, 503, 504) or time.monotonic() > DEADLINE:
                sys.exit(f"{request.method} {request.full_url.split('?')[0]}: {error} {said}")
        except OSError as error:
            if time.monotonic() > DEADLINE:
                sys.exit(f"{request.method} {request.full_url.split('?')[0]}: {error}")
            said = str(error)
        say(f"not yet: {said[:200]}")
        times, since = times + 1, since or time.monotonic()
        time.sleep(2)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (the test's log)


if __name__ == "__main__":
    main()
