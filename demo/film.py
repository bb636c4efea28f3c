"""Make the demo film: `python demo/film.py OUT.mp4`. A drawn speaker gives a talk with slides.

The same film every time: text, voice and pictures are all in this folder.
"""

import asyncio
import math
import subprocess
import sys
import tempfile
import wave
from array import array
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from clipforge_export import fonts
from clipforge_media import ffmpeg

HERE = Path(__file__).parent
WIDTH, HEIGHT, RATE = 1280, 720, 25
PAUSE = 0.6  # seconds between two slides
SCENES = (  # background, card, position of the speaker (share of the width)
    ((28, 32, 58), (246, 196, 83), 0.27),
    ((20, 58, 66), (120, 220, 202), 0.73),
    ((64, 28, 52), (255, 158, 177), 0.27),
)


async def make(to: Path) -> None:
    slides = list(read(HERE / "talk.txt"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        parts = []
        for n, (title, text) in enumerate(slides):
            voice = scratch / f"{n}.wav"
            await asyncio.to_thread(speak, text, voice)
            part = scratch / f"{n}.mp4"
            await film(n, title, voice, part, scratch)
            parts.append(part)
        names = scratch / "parts.txt"
        names.write_text("".join(f"file '{part}'\n" for part in parts))
        await ffmpeg.run(
            ["-v", "error", "-f", "concat", "-safe", "0", "-i", str(names), "-c", "copy", str(to)],
            limit=timedelta(minutes=2),
        )


def speak(text: str, to: Path) -> None:
    """Say a text, in a process of its own."""
    command = [sys.executable, str(HERE / "voice.py"), str(to)]
    subprocess.run(command, input=text.encode(), check=True, timeout=60)


def read(file: Path) -> Iterator[tuple[str, str]]:
    """Titles and texts."""
    for line in file.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            title, _, text = line.partition(":")
            yield title.strip(), text.strip()


async def film(n: int, title: str, voice: Path, to: Path, scratch: Path) -> None:
    """One slide: the mouth follows the loudness of the voice."""
    levels, seconds = loudness(voice)
    pictures = scratch / f"pictures-{n}"
    pictures.mkdir()
    drawn: dict[tuple[int, int], Path] = {}
    names = []
    for frame in range(round((seconds + PAUSE) * RATE)):
        mouth = round(4 * (levels[frame] if frame < len(levels) else 0.0))
        sway = round(3 * math.sin(frame / RATE * 1.7))
        if (mouth, sway) not in drawn:
            # Not PNG: each is decoded once a frame, which took most of the time.
            path = pictures / f"{mouth}_{sway}.bmp"
            draw(n, title, mouth / 4, sway).save(path)
            drawn[mouth, sway] = path
        names.append(f"file '{drawn[mouth, sway]}'\nduration {1 / RATE}\n")
    listing = scratch / f"{n}.txt"
    listing.write_text("".join(names))
    await ffmpeg.run(
        [
            *("-v", "error", "-f", "concat", "-safe", "0", "-i", str(listing), "-i", str(voice)),
            *("-vf", f"fps={RATE},format=yuv420p", "-af", f"apad=pad_dur={PAUSE}", "-shortest"),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", str(2 * RATE)),
            *("-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2", str(to)),
        ],
        limit=timedelta(minutes=3),
    )


def loudness(voice: Path) -> tuple[list[float], float]:
    """How open the mouth is in each frame, 0 to 1, and the length in seconds."""
    with wave.open(str(voice)) as file:
        rate = file.getframerate()
        samples = array("h", file.readframes(file.getnframes()))
    step = rate // RATE
    peaks = [max(map(abs, samples[at : at + step])) for at in range(0, len(samples), step)]
    top = max(peaks) or 1
    return [min(1.0, peak / top * 1.3) for peak in peaks], len(samples) / rate


def draw(n: int, title: str, mouth: float, sway: int) -> Image.Image:
    """A speaker and a slide."""
    back, accent, place = SCENES[n % len(SCENES)]
    image = Image.new("RGB", (WIDTH, HEIGHT), back)
    pen = ImageDraw.Draw(image)
    slide_x = WIDTH * (0.73 if place < 0.5 else 0.27)
    _slide(pen, title, n, slide_x, accent)
    _speaker(pen, WIDTH * place + sway, accent, mouth)
    return image


def _slide(
    pen: ImageDraw.ImageDraw, title: str, n: int, x: float, accent: tuple[int, int, int]
) -> None:
    box = (x - 270, 150, x + 270, 470)
    pen.rounded_rectangle(box, 24, fill=(250, 250, 252))
    heading = ImageFont.truetype(str(fonts.file("poppins", "Poppins-Bold.ttf")), 42)
    pen.text((x, 225), title, font=heading, fill=(30, 34, 60), anchor="mm")
    for bar in range(5):
        height = 40 + 24 * ((bar * 7 + n * 3) % 5)
        left = x - 170 + bar * 72
        pen.rounded_rectangle((left, 430 - height, left + 48, 430), 8, fill=accent)


def _speaker(
    pen: ImageDraw.ImageDraw, x: float, accent: tuple[int, int, int], mouth: float
) -> None:
    skin, hair, dark = (236, 188, 150), (62, 40, 30), (40, 26, 24)
    pen.rounded_rectangle((x - 190, 530, x + 190, 780), 90, fill=accent)  # shoulders
    pen.rectangle((x - 48, 470, x + 48, 560), fill=(220, 170, 134))  # neck
    pen.ellipse((x - 138, 170, x + 138, 440), fill=hair)
    pen.ellipse((x - 118, 210, x + 118, 510), fill=skin)
    pen.pieslice((x - 126, 170, x + 126, 380), 180, 360, fill=hair)
    for side in (-1, 1):
        eye = x + side * 48
        pen.ellipse((eye - 24, 330, eye + 24, 360), fill=(252, 252, 252))
        pen.ellipse((eye - 11, 333, eye + 11, 357), fill=dark)
        pen.line((eye - 28, 314, eye + 28, 308 if side < 0 else 314), fill=hair, width=9)
    pen.line((x, 350, x - 10, 405), fill=(206, 150, 116), width=7)
    pen.line((x - 10, 405, x + 12, 408), fill=(206, 150, 116), width=7)
    open_ = 6 + 30 * mouth
    pen.ellipse((x - 40, 444 - open_ / 2, x + 40, 444 + open_ / 2), fill=(150, 52, 56))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished.mp4")
    asyncio.run(make(unfinished))
    unfinished.replace(target)
