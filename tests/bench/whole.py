"""The whole house, for benchmarks that send the talk through it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import data
from clipforge_standalone.stack import Stack
from stacks import running


@contextmanager
def house() -> Iterator[tuple[Stack, Path, Path]]:
    """A stack of its own, the talk, and a folder; folder and stack are gone at the end."""
    talk = data.FOLDER / "video" / "talk90_360p.mp4"
    if not talk.exists():
        sys.exit(f"no film at {talk}: set CLIPFORGE_TEST_DATA")
    with tempfile.TemporaryDirectory(prefix="clipforge-bench-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with running(folder / "stack", say=lambda text: None) as stack:
            yield stack, talk, folder
