"""How well, how fast and in how much memory speech is transcribed: `make bench-transcription`.

Word errors and word times over the speech set through the whole handler, and CPU seconds beside the
bare recogniser on the same sound in the same run, both told the language. Then all of it again and
again for MINUTES as one film of which nothing is told, through cutting, parts and merging, two at
once, in a process of its own: its peak of resident memory, with those of its listeners, is a
worker's, with both models loaded. What they share is counted in each.

The word times of the speech set look as if an aligner like ours had made them, so that figure shows
a regression and flatters; words labelled by hand were measured at 16 ms.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from faster_whisper import WhisperModel

import data
import speech
from clipforge.v1.documents_pb2 import Transcript
from clipforge_transcription import models, samples
from hearing import Stage, flac, joined, listening, milliseconds

LONG: Final = "long"  # the argument of the process that transcribes the long film
MIB: Final = 1024 * 1024


def main(minutes: float) -> None:
    if not (data.FOLDER / speech.FOLDER).exists():
        sys.exit(f"no speech at {data.FOLDER}: set CLIPFORGE_TEST_DATA")
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build") as name:
        folder = Path(name)
        truths = speech.recordings()
        sounds = [
            flac(folder / f"{n}.flac", "-i", str(truth.file)) for n, truth in enumerate(truths)
        ]
        seconds = sum(map(milliseconds, sounds)) / 1000
        bare = min(_bare(folder, sounds) for _ in "12")
        short, cpu, wall = _short(folder, sounds)
        errors = sum(map(_errors, truths, short), speech.Errors(0, 0))
        late = [
            error
            for truth, made in zip(truths, short, strict=True)
            for error in speech.start_errors(truth, made)
        ]
        p50, p90 = median(late), quantiles(late, n=10)[-1]
        print(
            f"{len(truths)} recordings of {seconds:.0f} s, {errors.of} words: {errors.wrong} wrong"
        )
        print(f"starts of {len(late)} words with known times: p50 {p50:.0f} ms, p90 {p90:.0f} ms")
        print(f"CPU seconds: {cpu:.1f}, bare {bare:.1f}; {wall / seconds:.3f} s a second of sound")

        times, long = _loop(folder, sounds, minutes)
        told = json.loads(
            subprocess.run(
                [sys.executable, __file__, LONG, str(folder)],
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
        )
        text = " ".join(truth.text for _ in range(times) for truth in truths)
        again = speech.word_errors(text, told["text"])
        minutes = milliseconds(long) / 60_000
        print(
            f"one film of {minutes:.1f} min in {told['parts']} parts, two at once: "
            f"{again.wrong} of {again.of} words wrong, {told['cpu'] / minutes:.1f} CPU seconds a "
            f"minute, {told['wall']:.0f} s, language {told['language']}"
        )
        peaks = [round(peak / MIB) for peak in told["rss"]]
        print(f"peak of resident memory in MiB: the service {peaks[0]}, its listeners {peaks[1:]}")
    print(
        f"bench-transcription: wer={errors.percent:.1f} wer_long={again.percent:.1f} "
        f"word_ms_p50={p50:.0f} word_ms_p90={p90:.0f} cpu_s_per_min={cpu / seconds * 60:.2f} "
        f"over_bare={cpu / bare:.2f} rss_mb={sum(told['rss']) / MIB:.0f}"
    )


def _short(folder: Path, sounds: Sequence[Path]) -> tuple[list[Transcript], float, float]:
    """Transcripts, CPU seconds and seconds of short films, one after another."""
    made: list[Transcript] = []
    with closing(Stage(folder)) as stage:
        before, began = _cpu(), time.monotonic()
        for sound in sounds:
            made.append(asyncio.run(stage.through(sound, "en"))[0])
        return made, _cpu() - before, time.monotonic() - began


def _bare(folder: Path, sounds: Sequence[Path]) -> float:
    """CPU seconds of the recogniser alone, with the settings that we use."""
    model = WhisperModel(
        str(models.find("tiny.en", folder).folder), "cpu", compute_type="int8", cpu_threads=1
    )
    heard = [samples.read(sound, 0, milliseconds(sound)) for sound in sounds]
    before = _cpu()
    for one in heard:
        segments, _ = model.transcribe(
            one,
            language="en",
            beam_size=5,
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=True,
        )
        list(segments)
    return _cpu() - before


def _loop(folder: Path, sounds: Sequence[Path], minutes: float) -> tuple[int, Path]:
    """All recordings with a second between them, as often as it takes; how often that is."""
    once = sum(milliseconds(sound) / 1000 + 1 for sound in sounds)
    times = max(1, round(minutes * 60 / once))
    return times, joined(folder / f"{LONG}.flac", [*sounds] * times)


def long_film(folder: Path) -> None:
    """What the process of its own does: prints its figures as JSON."""
    began = time.monotonic()
    with closing(Stage(folder)) as stage:
        made, parts = asyncio.run(stage.through(folder / f"{LONG}.flac", ""))
        told = {
            "text": speech.text(made),
            "parts": parts,
            "language": made.language,
            "cpu": _cpu(),
            "wall": time.monotonic() - began,
            "rss": [_peak(pid) for pid in (os.getpid(), *sorted(listening(os.getpid())))],
        }
    print(json.dumps(told))


def _errors(truth: speech.Recording, made: Transcript) -> speech.Errors:
    return speech.word_errors(truth.text, speech.text(made))


def _cpu() -> float:
    """Of this process and of those that listen for it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime + sum(map(_used, listening(os.getpid())))


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> int:
    """Bytes of resident memory of a process, at most."""
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    if sys.argv[1:2] == [LONG]:
        long_film(Path(sys.argv[2]))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
