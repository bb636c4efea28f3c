"""Every dashboard as the file that it is in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dashboards.autoscaling import autoscaling
from dashboards.gateway import gateway
from dashboards.nats import nats
from dashboards.overview import overview
from dashboards.slo import slo
from dashboards.stage import stage

ALL: Final[tuple[Callable[[], dict[str, Any]], ...]] = (
    overview,
    stage,
    gateway,
    autoscaling,
    nats,
    slo,
)


def dashboards(folder: Path) -> dict[Path, str]:
    """Each dashboard's text, by its place in a folder."""
    return {folder / f"{made.__name__}.json": json.dumps(made(), indent=1) + "\n" for made in ALL}
