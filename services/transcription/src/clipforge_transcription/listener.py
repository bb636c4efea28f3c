"""`python -m clipforge_transcription.listener FD`: what listens, in a process that can be killed.

Loads each model when it is first asked for, and answers one request at a time: a line of JSON, then
as many bytes of sound as it says. Ends when the other side of its socket does, whatever it does.
"""

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from clipforge_transcription.alignment import align
from clipforge_transcription.engines.whisper import FasterWhisper, download, speech
from clipforge_transcription.listeners import NO_MEMORY
from clipforge_transcription.samples import Samples

Request = dict[str, Any]


def main() -> None:
    line = socket.socket(fileno=int(sys.argv[1]))
    requests: SimpleQueue[tuple[Request, Samples]] = SimpleQueue()
    Thread(target=_read, args=(line, requests), daemon=True).start()

    def say(kind: str, value: object) -> None:
        line.sendall(json.dumps([kind, value]).encode() + b"\n")

    while True:
        request, samples = requests.get()
        try:
            found = _answer(request, samples, lambda seconds: say("seconds", seconds))
        except MemoryError:
            os._exit(NO_MEMORY)
        except Exception:  # whoever asked has the words for it
            say("failed", traceback.format_exc())
        else:
            say("done", found)


def _read(line: socket.socket, requests: "SimpleQueue[tuple[Request, Samples]]") -> None:
    """Take requests, also while one is worked on: so it is seen that nobody asks any more."""
    try:
        with line.makefile("rb") as stream:
            while head := stream.readline():
                request = json.loads(head)
                samples = np.frombuffer(stream.read(request["bytes"]), np.float32)
                requests.put((request, samples))
    except MemoryError:
        os._exit(NO_MEMORY)
    finally:
        os._exit(0)  # not sys.exit: the recogniser may be in the middle of a step


def _answer(request: Request, samples: Samples, on_seconds: Callable[[float], None]) -> Any:
    match request["do"]:
        case "languages":
            return sorted(_model(*request["model"]).languages)
        case "language":
            return asdict(_model(*request["model"]).language(samples))
        case "hear":
            heard = _model(*request["model"]).hear(
                samples,
                language=request["language"],
                vocabulary=request["vocabulary"],
                beam=request["beam"],
                on_seconds=on_seconds,
            )
            return [asdict(one) for one in heard]
        case "speech":
            return speech(samples)
        case "align":
            return align(samples, request["words"])
        case "download":
            return str(download(request["name"], Path(request["to"])))
    raise ValueError(f"no listener does {request['do']!r}")


@cache
def _model(folder: str, device: str, compute_type: str) -> FasterWhisper:
    return FasterWhisper(Path(folder), device=device, compute_type=compute_type)


if __name__ == "__main__":
    main()
