"""Each third party has one home, so that an upgrade is a change to one file."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import syntax

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")])

# The module, and the files or folders that may import it.
HOMES = {
    "cachetools": ["services/gateway/src/clipforge_gateway/near.py"],
    "nats": ["libs/runtime/src/clipforge_runtime/jetstream/client.py"],
    "minio": ["libs/runtime/src/clipforge_runtime/s3.py"],
    "fastapi": ["services/gateway/src/"],
    "h11": ["services/gateway/src/clipforge_gateway/slow_clients.py"],
    "jwt": ["services/gateway/src/clipforge_gateway/tokens.py"],
    "faster_whisper": ["services/transcription/src/clipforge_transcription/engines/"],
    "ctranslate2": ["services/transcription/src/clipforge_transcription/engines/"],
    "cv2": ["services/export/src/"],
    "pocketsphinx": ["services/transcription/src/"],
    "subprocess": [
        "libs/media/src/clipforge_media/",
        "libs/standalone/src/",
        "services/transcription/src/clipforge_transcription/listeners.py",
    ],
    "yt_dlp": ["services/import/src/"],
    "sentry_sdk": ["libs/runtime/src/clipforge_runtime/sentry.py"],
}
ONE_FILE = {
    "cachetools",
    "h11",
    "jwt",
    "nats",
    "minio",
    "faster_whisper",
    "ctranslate2",
    "cv2",
    "pocketsphinx",
    "sentry_sdk",
    "yt_dlp",
}


def imports() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for file in SOURCES:
        for node in ast.walk(syntax.tree(file.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                found[name.split(".")[0]].add(str(file.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("module", HOMES)
def test_a_third_party_is_imported_only_at_its_home(module: str) -> None:
    files = imports()[module]

    strangers = {file for file in files if not file.startswith(tuple(HOMES[module]))}

    assert strangers == set()
    if module in ONE_FILE:
        assert len(files) <= 1, files


def test_the_environment_is_read_in_settings_only() -> None:
    allowed = ("settings.py", "clipforge_media/ffmpeg.py", "libs/standalone/", "libs/client/")
    readers = {
        str(file.relative_to(ROOT))
        for file in SOURCES
        if "os.environ" in file.read_text() or "os.getenv" in file.read_text()
    }

    assert {reader for reader in readers if not any(place in reader for place in allowed)} == set()
