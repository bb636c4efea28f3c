"""`index.html` beside the clips: a person looks instead of reads."""

from pathlib import Path
from typing import Any

import jinja2

from clipforge_client.terminal import clock
from clipforge_standalone.report import Report


def write_page(report: Report, transcript: dict[str, Any], folder: Path) -> Path:
    """`index.html`: players, scores with reasons, transcript. It asks nothing of the network."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("clipforge_standalone"), autoescape=True
    )
    environment.filters["clock"] = clock
    page = folder / "index.html"
    text = environment.get_template("index.html").render(
        report=report, segments=transcript.get("segments", [])
    )
    page.write_text(text, encoding="utf-8")
    return page
