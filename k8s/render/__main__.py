"""`make render`: write anew what is made from the chart and the pipeline table."""

import shutil
import sys
from pathlib import Path
from typing import Final

from dashboards.render import dashboards
from render.chart import (
    CHART,
    RENDERED,
    ROOT,
    SETS,
    VALUES,
    HelmFailed,
    by_template,
    objects,
    template,
)
from render.film import film_job
from render.readme import readme
from render.users import users_conf

FILM: Final = ROOT / "k8s/dev/film.yaml"


def main() -> None:
    for path, text in written().items():
        path.write_text(text)
    for name in SETS:
        shutil.rmtree(RENDERED / name, ignore_errors=True)
        for file, text in by_template(template(VALUES / f"{name}.yaml")).items():
            to = RENDERED / name / file
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(text)
    FILM.write_text(film_job(objects(template(VALUES / "dev.yaml"))))


def written() -> dict[Path, str]:
    """Every file that needs no Helm, as it should be."""
    return {
        ROOT / "k8s/dev/nats-users.conf": users_conf(),
        CHART / "README.md": readme(),
        **dashboards(CHART / "files/dashboards"),
    }


if __name__ == "__main__":
    try:
        main()
    except HelmFailed as error:
        sys.exit(str(error))
