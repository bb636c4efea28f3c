"""Where the real speech, films and detection data lie. The only reader of CLIPFORGE_TEST_DATA."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("CLIPFORGE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
).resolve()


def find(name: str) -> Path:
    """A file of the test data by its path below the folder; skips the test where it is absent."""
    file = FOLDER / name
    if not file.exists():
        pytest.skip(f"no test data at {file}: set CLIPFORGE_TEST_DATA")
    return file
