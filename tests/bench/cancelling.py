"""From a cancel to the death of what runs, through the whole house: `make bench-cancel [TIMES=10]`.

Milliseconds from the sending of the POST until a real ffmpeg of an export, and the process in which
a real Whisper listens, are gone. Whisper is cancelled once the film is said to be transcribed.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median

import psutil

from bench.whole import house
from clipforge_client.client import Client
from clipforge_client.models import Upload
from clipforge_standalone.stack import Stack
from hearing import listening

LOOK_SECONDS = 0.002
BEGIN_SECONDS = 120.0
END_SECONDS = 60.0
BUSY_SECONDS = 0.1  # in which a process that is at work uses the CPU
STEP = "transcribing"


def begun(look: Callable[[], Sequence[int]]) -> list[int]:
    """The processes that are looked for, once there are some."""
    deadline = time.monotonic() + BEGIN_SECONDS
    while not (found := list(look())):
        if time.monotonic() > deadline:
            sys.exit("what is to be cancelled did not begin")
        time.sleep(LOOK_SECONDS)
    return found


def death(processes: Sequence[int], cancel: Callable[[], object]) -> float:
    """Milliseconds from the cancel until none of them lives."""
    began = time.monotonic()
    cancel()
    while any(map(lives, processes)):
        if time.monotonic() > began + END_SECONDS:
            sys.exit("what was cancelled did not end")
        time.sleep(LOOK_SECONDS)
    return 1000 * (time.monotonic() - began)


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def busy(processes: Iterable[int]) -> list[int]:
    """Those at work: others are kept warm, and live on."""
    before = {pid: psutil.Process(pid).cpu_times().user for pid in processes}
    time.sleep(BUSY_SECONDS)
    return [pid for pid, was in before.items() if psutil.Process(pid).cpu_times().user > was]


def encoders(stack: Stack) -> list[int]:
    children = psutil.Process(stack.processes["export"]).children(recursive=True)
    return [child.pid for child in children if "ffmpeg" in child.name()]


def of_whisper(stack: Stack, client: Client, film: Upload, times: int) -> list[float]:
    found: list[float] = []
    for n in range(times):
        project = client.create_project(
            upload_id=film.id, title=f"whisper {n}", options={"language": "en"}
        )

        def listens(project_id: str = project.id) -> list[int]:
            step = client.project(project_id).progress.step
            return busy(listening(stack.processes["transcription"])) if step == STEP else []

        def cancel(project_id: str = project.id) -> None:
            client.cancel_project(project_id)

        found.append(death(begun(listens), cancel))
    return found


def of_ffmpeg(stack: Stack, client: Client, film: Upload, times: int) -> list[float]:
    project = client.create_project(
        upload_id=film.id, title="ffmpeg", options={"clips": 1, "language": "en"}
    )
    if client.wait_for_project(project.id).state != "ready":
        sys.exit(f"the film failed: {client.project(project.id).failure}")
    clip = client.clips(project.id)[0].id
    found: list[float] = []
    for _ in range(times):
        export = client.create_export(clip)  # another one, as the last was cancelled

        def cancel(export_id: str = export.id) -> None:
            client.cancel_export(export_id)

        found.append(death(begun(lambda: encoders(stack)), cancel))
    return found


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with house() as (stack, talk, _), Client(stack.url, stack.api_key) as client:
        film = client.upload(talk)
        whisper = of_whisper(stack, client, film, times)
        ffmpeg = of_ffmpeg(stack, client, film, times)
    print(
        f"bench-cancel: times={times} whisper_p50_ms={median(whisper):.0f} "
        f"whisper_max_ms={max(whisper):.0f} ffmpeg_p50_ms={median(ffmpeg):.0f} "
        f"ffmpeg_max_ms={max(ffmpeg):.0f}"
    )


if __name__ == "__main__":
    main()
