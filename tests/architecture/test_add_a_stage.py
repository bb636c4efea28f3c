"""CONTRIBUTING's "Add a stage", followed to the letter in a copy of the tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
CONTRACTS = "libs/contracts/src/clipforge_contracts"

FILES = {
    "services/chapters/src/clipforge_chapters/__init__.py": '''"""Names the parts of a talk."""
''',
    "services/chapters/src/clipforge_chapters/settings.py": '''"""Knobs of the chapters service."""

from pydantic import Field

from clipforge_contracts.pipeline import CHAPTERS
from clipforge_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    chapters_concurrency: int = Field(
        default=CHAPTERS.concurrency, ge=1, le=64, description="Films divided at once"
    )
''',
    "services/chapters/src/clipforge_chapters/handler.py": '''"""From clips to chapters."""

from clipforge.v1.facts_pb2 import ChaptersNamed, ClipsDetected


async def name_chapters(found: ClipsDetected) -> ChaptersNamed:
    """A chapter begins where a clip does."""
    clips = sorted(found.clips, key=lambda clip: clip.start_ms)
    return ChaptersNamed(project=found.project, titles=[clip.title for clip in clips])
''',
    "services/chapters/src/clipforge_chapters/__main__.py": '''"""`python -m clipforge_chapters`."""

from clipforge_chapters.handler import name_chapters
from clipforge_chapters.settings import Settings
from clipforge_contracts.pipeline import CHAPTERS
from clipforge_runtime.main import run_stage
from clipforge_runtime.settings import load

if __name__ == "__main__":
    settings = load(Settings)
    run_stage(CHAPTERS, name_chapters, settings, concurrency=settings.chapters_concurrency)
''',
    "tests/unit/chapters/test_chapters.py": '''"""Chapters are named, and the log takes them."""

from clipforge.v1.facts_pb2 import ClipsDetected
from clipforge_chapters.handler import name_chapters
from clipforge_contracts.permissions import users
from clipforge_runtime.testing import MemoryBus
from samples import clip, project


async def test_a_clip_names_its_chapter() -> None:
    bus = MemoryBus()

    named = await name_chapters(ClipsDetected(project=project(), clips=[clip()]))
    await bus.state(named, fact_id="evt_1", once=True)

    assert bus.facts == [named]
    assert list(named.titles) == ["Why queues lose work"]
    assert any("chapters-named" in subject for subject in users()["chapters"].publish)
''',
}
MESSAGE = """
// The parts of a talk have names. Stated by chapters.
message ChaptersNamed {
  ProjectRef project = 1;
  repeated string titles = 2;
}
"""
ROW = """CHAPTERS: Final = Stage(
    name="chapters",
    consumes=(ClipsDetected,),
    states=(ChaptersNamed,),
    outcome=ChaptersNamed,
    queue="chapters",
    label=7,
    concurrency=2,
    stall=timedelta(minutes=1),
)

PIPELINE: Final[tuple[Stage, ...]] = (
    *(IMPORT, TRANSCRIPTION, CLIP_DETECTION, EXPORT, MAINTENANCE, WEBHOOKS),
    CHAPTERS,
)
"""
# File, what stands there, and what is to stand there.
EDITS = [
    (
        f"{CONTRACTS}/facts.py",
        "    CaptionStyleSaved,\n",
        "    CaptionStyleSaved,\n    ChaptersNamed,\n",
    ),
    (
        f"{CONTRACTS}/facts.py",
        "    | ProjectEdited\n",
        "    | ProjectEdited\n    | ChaptersNamed\n",
    ),
    (
        f"{CONTRACTS}/validation.py",
        "    facts_pb2.ProjectCancelled: _PROJECT,\n",
        "    facts_pb2.ProjectCancelled: _PROJECT,\n    facts_pb2.ChaptersNamed: _PROJECT,\n",
    ),
    (f"{CONTRACTS}/pipeline.py", "    ChunkCut,\n", "    ChaptersNamed,\n    ChunkCut,\n"),
    (
        f"{CONTRACTS}/pipeline.py",
        "PIPELINE: Final[tuple[Stage, ...]] = (\n"
        "    *(IMPORT, TRANSCRIPTION, CLIP_DETECTION, EXPORT, MAINTENANCE, WEBHOOKS),\n"
        ")\n",
        ROW,
    ),
    (
        "services/projector/src/clipforge_projector/apply.py",
        "    ClipsDetected: (project.clips_detected, job.completed, webhook.project_ready),\n",
        "    ClipsDetected: (project.clips_detected, job.completed, job.caused),\n"
        "    ChaptersNamed: (job.completed,),\n",
    ),
    (
        "services/projector/src/clipforge_projector/apply.py",
        "    CaptionStyleSaved,\n    ChunkCut,\n",
        "    CaptionStyleSaved,\n    ChaptersNamed,\n    ChunkCut,\n",
    ),
    (
        "libs/standalone/src/clipforge_standalone/plan.py",
        '"clip-detection": 1,',
        '"clip-detection": 1, "chapters": 1,',
    ),
    ("README.md", "| projector |", "| chapters | clips-detected | chapters-named |\n| projector |"),
    ("pyproject.toml", '"clipforge_import",', '"clipforge_import", "clipforge_chapters",'),
    ("pyproject.toml", "| clipforge_export", "| clipforge_chapters | clipforge_export"),
    (
        "pyproject.toml",
        '"services/import/src",',
        '"services/import/src", "services/chapters/src",',
    ),
]


@pytest.mark.timeout(900)
def test_a_stage_is_added_by_the_steps_of_the_guide(tmp_path: Path) -> None:
    copy = copy_of_the_tree(tmp_path / "clipforge")

    state_its_fact(copy)
    for path, old, new in EDITS:
        edit(copy / path, old, new)
    for path, text in FILES.items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text)
    add_the_package(copy)
    keep_its_golden_payload(copy)
    run(copy, "make", "-o", "setup", f"BIN={TOOLS}", "docs")

    run(copy, "ruff", "check", "services/chapters", "tests/unit/chapters", CONTRACTS)
    run(copy, "lint-imports", "--no-cache")
    tests = ["tests/unit/chapters", "tests/unit/contracts", "tests/architecture"]
    itself = f"--ignore={Path(__file__).relative_to(ROOT)}"
    run(copy, "python", "-m", "pytest", "-p", "no:cacheprovider", *tests, itself)


def copy_of_the_tree(to: Path) -> Path:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        if (ROOT / name).is_file():  # what somebody is about to remove is listed still
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, to / name)
    return to


def state_its_fact(copy: Path) -> None:
    with (copy / "proto/clipforge/v1/facts.proto").open("a") as proto:
        proto.write(MESSAGE)
    run(copy, "make", "-o", "setup", f"BIN={TOOLS}", "proto")
    samples = copy / "tests/samples.py"
    body = samples.read_text().rstrip()
    assert body.endswith("]"), "every_fact() ends the file"
    sample = (
        '        facts.ChaptersNamed(project=project(), titles=["Why queues lose work"]),\n    ]\n'
    )
    samples.write_text(body.removesuffix("    ]") + sample)


def add_the_package(copy: Path) -> None:
    text = (copy / "services/projector/pyproject.toml").read_text()
    text = "".join(line for line in text.splitlines(keepends=True) if "catalog" not in line)
    text = text.replace("clipforge-projector", "clipforge-chapters")
    text = text.replace("clipforge_projector", "clipforge_chapters")
    (copy / "services/chapters/pyproject.toml").write_text(text)
    # `make lock` asks a registry. What it would write: the needs of contracts and runtime.
    locked = (copy / "requirements/clip-detection.txt").read_text()
    (copy / "requirements/chapters.txt").write_text(locked)


def keep_its_golden_payload(copy: Path) -> None:
    program = (
        "from pathlib import Path; from samples import every_fact; "
        "from clipforge_contracts.facts import encode; "
        "Path('tests/unit/contracts/golden/chapters-named@0.1.0.bin')"
        ".write_bytes(encode(every_fact()[-1]))"
    )
    run(copy, "python", "-c", program)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file.name} has changed: {old!r} is not in it"
    file.write_text(text.replace(old, new))


def run(copy: Path, *argv: str) -> None:
    """Run a tool of the environment on the copy's own sources."""
    sources = [*copy.glob("libs/*/src"), *copy.glob("services/*/src"), copy / "tests"]
    env = {
        **os.environ,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
    }
    done = subprocess.run(argv, cwd=copy, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
