"""`make bench-detection` on a small file of its own: how it judges, and what its last line says."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from detecting import talk

TESTS = Path(__file__).parents[2]
LINE = re.compile(
    r"bench-detection: r10=[\d.]+ hit10=[\d.]+ uniform=[\d.]+ random=[\d.]+ heuristic=[\d.]+"
)


def episode(name: str, highlights: list[tuple[float, float]]) -> dict[str, object]:
    """An episode that opens with a line of its own later part, as the data has them."""
    told = [
        {"start": one.start_ms / 1000, "end": one.end_ms / 1000, "text": one.text}
        for one in talk(30).segments
    ]
    return {
        "id": name,
        "main_start": 60.0,
        "sentences": told,
        "highlights": [{"start": start, "end": end} for start, end in highlights],
    }


def bench(file: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(TESTS / "bench" / "detection.py"), str(file)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    )
    return done.stdout.splitlines()


@pytest.fixture
def write(tmp_path: Path) -> "Write":
    return Write(tmp_path / "episodes.jsonl.gz")


class Write:
    """Episodes as a file of the benchmark's form."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, *episodes: dict[str, object]) -> Path:
        with gzip.open(self._file, "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(one) + "\n" for one in episodes)
        return self._file


def test_the_last_line_has_every_figure_and_another_file_is_judged_as_shipped(
    write: Write,
) -> None:
    said = bench(write(episode("one", [(900.0, 905.0)]), episode("two", [(70.0, 80.0)])))

    assert LINE.fullmatch(said[-1])
    assert "2 episodes, 2 highlights" in said[0]
    assert "as shipped" in said[0]


def test_what_is_everywhere_is_found_by_all_and_what_is_hidden_by_none(write: Write) -> None:
    # Half of a highlight as long as the film is more than ten clips can cover.
    nowhere = bench(write(episode("one", [(60.0, 1800.0)])))[-1]
    # Before the main start nothing is looked at, nor asked for: such an episode does not count.
    hidden = bench(write(episode("one", [(900.0, 901.0)]), episode("two", [(5.0, 9.0)])))[0]

    assert nowhere == "bench-detection: r10=0.0 hit10=0.0 uniform=0.0 random=0.0 heuristic=0.0"
    assert hidden.startswith("1 episodes, 1 highlights")
