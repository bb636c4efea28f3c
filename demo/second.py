"""Make the film of `helm test`: `python demo/second.py OUT.mp4`. A second and a half, one sentence.

It lies in the chart, so it is small: a plain picture and a voice, some kilobytes.
"""

import asyncio
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from clipforge_media import ffmpeg

SENTENCE = "Never lose your work again."
VOICE = Path(__file__).parent / "voice.py"


async def make(to: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        voice = Path(folder) / "voice.wav"
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, str(VOICE), str(voice)],
            input=SENTENCE.encode(),
            check=True,
            timeout=60,
        )
        await ffmpeg.run(
            [
                *("-v", "error", "-f", "lavfi", "-i", "color=c=0x1c203a:s=320x180:r=10"),
                *("-i", str(voice), "-shortest", "-pix_fmt", "yuv420p"),
                *("-c:v", "libx264", "-preset", "veryslow", "-crf", "32", "-g", "10"),
                *("-c:a", "aac", "-b:a", "32k", "-ar", "16000", "-ac", "1"),
                *("-movflags", "+faststart", "-fflags", "+bitexact", str(to)),
            ],
            limit=timedelta(minutes=1),
        )


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
