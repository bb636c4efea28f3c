"""Films in which somebody speaks: made, not fetched."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from clipforge_media import ffmpeg

ROOT = Path(__file__).parents[1]

BRIEF = (
    "Have you ever lost a whole night of work because one machine fell over? I have. "
    "Four hundred videos were waiting in line, and one process held all of them in its memory. "
)
TEXT = (
    BRIEF + "When it died, nobody could say which ones were done. "
    "So here is what I learned that night. Write down what is true before you celebrate it. "
    "A durable log never forgets, and the next worker reads the last line and goes on. "
    "People remember what your system did on its worst day."
)


def make(to: Path, text: str = TEXT, *, name: str = "talk", size: str = "640x360") -> Path:
    """Somebody says `text`: 25 s by default, or BRIEF, 11 s.

    Another `name`: other bytes, so another film.
    """
    sound = say(to.with_suffix(".wav"), text)
    arguments = [
        *("-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25", "-i", str(sound)),
        *("-shortest", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-ar", "48000", "-metadata", f"title={name}", str(to)),
    ]
    asyncio.run(ffmpeg.run(arguments, limit=timedelta(minutes=2)))
    return to


def say(to: Path, text: str) -> Path:
    """Speech as mono WAV."""
    subprocess.run(
        [sys.executable, str(ROOT / "demo" / "voice.py"), str(to)],
        input=text.encode(),
        check=True,
        timeout=60,
    )
    return to
