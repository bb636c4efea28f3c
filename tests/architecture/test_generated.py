"""What is generated and committed is what its source says today."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = Path("libs/contracts/src/clipforge/v1")


def test_the_python_messages_are_those_of_the_proto_files(tmp_path: Path) -> None:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    template = (ROOT / "proto/buf.gen.yaml").read_text()
    (tmp_path / "buf.gen.yaml").write_text(template.replace("../libs/contracts/src", str(tmp_path)))

    subprocess.run(
        ["buf", "generate", "--template", str(tmp_path / "buf.gen.yaml")],
        cwd=ROOT / "proto",
        env={**os.environ, "PATH": tools},
        check=True,
        timeout=240,
    )

    fresh = {file.name: file.read_text() for file in (tmp_path / "clipforge/v1").iterdir()}
    committed = {file.name: file.read_text() for file in (ROOT / GENERATED).glob("*_pb2*")}
    assert fresh == committed, "run `make proto` and commit the result"
