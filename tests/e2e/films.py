"""Films for `make e2e`, in a pod: made, submitted, and waited for."""

import subprocess
import time
from pathlib import Path
from uuid import uuid4

import through_every_stage as api

FILM = Path("/tmp/talk.mp4")  # noqa: S108  (the pod's own)
OPTIONS = {"language": "en", "clips": 1, "quality": "draft", "height": 180}
# Half a minute without saying a thing twice: what repeats itself is listened to twice.
TALK = (
    "Nobody tells you this about old bridges. They do not fall because of the weight. "
    "They fall because of the wind, and that surprised every engineer in the room! "
    "So what would you do, if you had one week and no money? "
    "I asked a sailor, and she laughed at me. "
    "Tie a rope to it, she said, and listen to how it sings. "
    "We walked out at night with forty metres of rope and a borrowed lamp. "
    "By morning we knew which bolt was loose, and why the old man had been right all along. "
    "That is how a song saved our town. "
)


def make(seconds: int) -> int:
    """A drawn film in which somebody talks; its size."""
    Path("/tmp/talk.txt").write_text(TALK * (seconds // 30 + 1))  # noqa: S108  (the pod's own)
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
    # The same sound with another name to expect is transcribed anew.
    more = {"auto_export": auto_export, "vocabulary": [name(mark.bytes)]}
    return _submitted(film, f"e2e {mark}", more)


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


def through() -> dict[str, int]:
    """One film, from its submission to its exported clip. Exits where there is none."""
    project = submit(auto_export=True)
    done = finish([project])
    if not done["exports"]:
        notice = api.call("GET", f"/v1/projects/{project}")["notice"]
        raise SystemExit(f"the film has no export: {notice or 'nothing is said of it'}")
    return done


def refused() -> str:
    """A project whose film is none, and so fails for good; its job's id."""
    project = _submitted(b"no film at all" + uuid4().bytes, "e2e, no film", {})
    while (found := api.call("GET", f"/v1/projects/{project}"))["state"] != "failed":
        if found["state"] not in ("queued", "importing"):
            raise SystemExit(f"what is no film is {found['state']}")
        time.sleep(0.2)
    (letter,) = (
        one for one in api.call("GET", "/v1/dead-letters")["items"] if one["project_id"] == project
    )
    return str(letter["id"])


def _submitted(film: bytes, title: str, more: dict[str, object]) -> str:
    upload = api.call("POST", "/v1/uploads", {"file_name": "talk.mp4", "bytes": len(film)})
    (part,) = api.call("GET", f"/v1/uploads/{upload['id']}/parts")["items"]
    api.store("PUT", part["url"], film)
    api.call("POST", f"/v1/uploads/{upload['id']}/complete", {})
    source = {"type": "upload", "upload_id": upload["id"]}
    wanted = {"source": source, "title": title, "options": {**OPTIONS, **more}}
    return str(api.call("POST", "/v1/projects", wanted)["id"])
