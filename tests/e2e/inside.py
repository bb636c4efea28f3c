"""What runs in a pod for `make e2e`: films, and somebody who keeps asking for things.

Each command prints one line of JSON at its end. It stands on the chart's own test beside it, and on
nothing but the standard library and ffmpeg.
"""

import argparse
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import through_every_stage as api

FILM = Path("/tmp/talk.mp4")  # noqa: S108  (the pod's own)
STOP = Path("/tmp/stop")  # noqa: S108  (the same)
KEY = Path("/tmp/key")  # noqa: S108  (the same)
OPTIONS = {"language": "en", "clips": 1, "quality": "draft", "height": 180}
AT_ONCE = 2  # films of the traffic under way; two cores are soon busy
TALK = (
    "Nobody tells you this about old bridges. They do not fall because of the weight. "
    "They fall because of the wind, and that surprised every engineer in the room! "
    "So what would you do, if you had one week and no money? "
)


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("arrive")
    commands.add_parser("film").add_argument("seconds", type=int)
    commands.add_parser("submit").add_argument("number", type=int)
    commands.add_parser("finish").add_argument("projects", nargs="+")
    commands.add_parser("call").add_argument("request", nargs=2)
    commands.add_parser("traffic")
    commands.add_parser("inventory")
    given = parser.parse_args()
    if KEY.exists():
        os.environ["CLIPFORGE_API_KEY"] = KEY.read_text()
    match given.command:
        case "arrive":
            made: Any = arrive()
        case "film":
            made = make_film(given.seconds)
        case "submit":
            made = [imported(submit()) for _ in range(given.number)]
        case "finish":
            made = finish(given.projects)
        case "call":
            made = api.call(*given.request)
        case "traffic":
            made = traffic()
        case "inventory":
            made = inventory()
    print(json.dumps(made))


def arrive() -> str:
    """Get a key of one's own, as every program should: the first one is renewed meanwhile."""
    key = api.call("POST", "/v1/keys", {"name": "visitor", "role": "admin"})
    KEY.write_text(key["key"])
    return str(key["id"])


def make_film(seconds: int) -> int:
    """A drawn film in which somebody talks; its size."""
    Path("/tmp/talk.txt").write_text(TALK * (seconds // 12 + 1))  # noqa: S108  (the pod's own)
    sources = ["flite=textfile=/tmp/talk.txt:voice=slt", "testsrc2=size=320x180:rate=12"]
    inputs = [word for source in sources for word in ("-f", "lavfi", "-i", source)]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, "-t", str(seconds), *coding, str(FILM)]
    subprocess.run(command, check=True, timeout=120)
    return FILM.stat().st_size


def submit(*, auto_export: bool = False) -> str:
    """A project of a film that nobody has seen: no stage finds its result made already."""
    mark = uuid4()
    # Players pass over a box that is free; the hash of the bytes is another one.
    film = FILM.read_bytes() + (8 + 16).to_bytes(4, "big") + b"free" + mark.bytes
    upload = api.call("POST", "/v1/uploads", {"file_name": "talk.mp4", "bytes": len(film)})
    (part,) = api.call("GET", f"/v1/uploads/{upload['id']}/parts")["items"]
    api.store("PUT", part["url"], film)
    api.call("POST", f"/v1/uploads/{upload['id']}/complete", {})
    submitted = {
        "source": {"type": "upload", "upload_id": upload["id"]},
        "title": f"e2e {mark}",
        # The same sound with another name to expect is transcribed anew.
        "options": {**OPTIONS, "auto_export": auto_export, "vocabulary": [name(mark.bytes)]},
    }
    return str(api.call("POST", "/v1/projects", submitted)["id"])


def name(mark: bytes) -> str:
    """Something that might be one: of what cannot be said, a speech model makes nothing at all."""
    syllables = ["bdfgklmnprstv"[byte % 13] + "aeiou"[byte // 13 % 5] for byte in mark]
    return " ".join("".join(syllables[n : n + 4]).capitalize() for n in (0, 4, 8))


def imported(project: str) -> str:
    """Wait until import is done with it: what is submitted next finds it free."""
    while api.call("GET", f"/v1/projects/{project}")["state"] in ("queued", "importing"):
        time.sleep(0.2)
    return project


def finish(projects: list[str]) -> dict[str, int]:
    """Wait until every one is ready, and its exports are done. Exits where one failed."""
    exports = 0
    for project in projects:
        api.wait(f"/v1/projects/{project}", "ready")
        for export in api.call("GET", f"/v1/exports?project_id={project}")["items"]:
            api.wait(f"/v1/exports/{export['id']}", "completed")
            exports += 1
    return {"projects": len(projects), "exports": exports}


def traffic() -> dict[str, int]:
    """Read and submit until somebody makes the file STOP; then wait for all of it.

    Exits where a request fails that was asked again as its answer said, or a film is lost.
    """
    asked = 0

    def read() -> None:
        nonlocal asked
        while not STOP.exists():
            api.call("GET", "/v1/projects?limit=5")
            asked += 1
            time.sleep(0.2)  # five a second: a reader, no flood

    def work() -> list[dict[str, int]]:
        done = []
        while not STOP.exists():
            done.append(finish([submit(auto_export=True)]))
        return done

    with ThreadPoolExecutor() as threads:
        reading = threads.submit(read)
        films = [threads.submit(work) for _ in range(AT_ONCE)]
        done = [each for one in films for each in one.result()]
        reading.result()
    total = {name: sum(one[name] for one in done) for name in ("projects", "exports")}
    return {"requests": asked, **total}


def inventory() -> dict[str, int]:
    """Exits where the clip of an export is not there, or no film."""
    exports = everything("/v1/exports")
    done = [one for one in exports if one["state"] == "completed"]
    read = 0
    for export in done:
        read += len(api.store("GET", export["files"]["clip"]))
    return {"projects": len(everything("/v1/projects")), "exports": len(done), "bytes": read}


def everything(path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    page = api.call("GET", f"{path}?limit=100")
    found: list[dict[str, Any]] = page["items"]
    while page["next"]:
        page = api.call("GET", f"{path}?limit=100&cursor={page['next']}")
        found += page["items"]
    return found


if __name__ == "__main__":
    main()
