"""What somebody has at an installation, for `make e2e`, in a pod: looked through, and used."""

import time
from typing import Any

import through_every_stage as api

HOOK = {"url": "https://hooks.example.com/clips", "events": ["project.failed"]}


def inventory() -> dict[str, int]:
    """How much of each kind there is. Exits where the clip of an export cannot be read."""
    projects = everything("/v1/projects")
    exports = everything("/v1/exports")
    done = [one for one in exports if one["state"] == "completed"]
    read = sum(len(api.store("GET", export["files"]["clip"])) for export in done)
    clips = [clips_of(one["id"]) for one in projects]
    return {
        "projects": len(projects),
        "clips": sum(len(found) for found in clips),
        "exports": len(done),
        "bytes": read,
    }


def export_anew(aspect: str) -> dict[str, Any]:
    """A clip that is there already, in a form that nobody has asked for; exits where none comes."""
    clips = (clip for one in everything("/v1/projects") for clip in clips_of(one["id"]))
    look = {"clip_id": next(clips)["id"], "aspect": aspect, "quality": "draft", "height": 180}
    export = api.wait(f"/v1/exports/{api.call('POST', '/v1/exports', look)['id']}", "completed")
    if export["cached"]:
        raise SystemExit(f"{look} had been made before: nothing was rendered")
    clip = api.store("GET", export["files"]["clip"])
    if clip[4:8] != b"ftyp":
        raise SystemExit(f"what came out is no mp4: {clip[:16]!r}")
    return {"bytes": len(clip)}


def hook() -> str:
    """A webhook of one's own; its id."""
    return str(api.call("POST", "/v1/webhooks", HOOK)["id"])


def signed(webhook: str) -> dict[str, Any]:
    """Have an event sent; exits where it cannot be signed, for want of the key of its secret.

    Nobody is there to take it: that it was tried is enough.
    """
    sent = api.call("POST", f"/v1/webhooks/{webhook}/test")
    way = f"/v1/webhooks/{webhook}/deliveries/{sent['id']}"
    while not (found := api.call("GET", way))["attempts"]:
        if found["state"] == "failed" or time.monotonic() > api.DEADLINE:
            raise SystemExit(f"no event was sent: {found}")
        time.sleep(0.5)
    return {"attempts": len(found["attempts"]), "error": found["attempts"][0]["error"]}


def clips_of(project: str) -> list[dict[str, Any]]:
    return everything(f"/v1/projects/{project}/clips")


def everything(path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    page = api.call("GET", f"{path}?limit=100")
    found: list[dict[str, Any]] = page["items"]
    while page["next"]:
        page = api.call("GET", f"{path}?limit=100&cursor={page['next']}")
        found += page["items"]
    return found
