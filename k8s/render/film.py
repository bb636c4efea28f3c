"""The pod of `helm test` as a Job, which `skaffold verify` runs: k8s/dev/film.yaml."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

HEAD = """# The film of `helm test` as a Job, for `skaffold verify`. Made by `make render` of the
# chart with k8s/values/dev.yaml.
"""


def film_job(objects: Iterable[Mapping[str, Any]]) -> str:
    """The whole file, of the objects of a release. It names no namespace: it runs in Skaffold's."""
    (pod,) = (one for one in objects if one["kind"] == "Pod")
    labels = pod["metadata"]["labels"]
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "film", "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod["spec"]},
        },
    }
    return HEAD + yaml.safe_dump(job, sort_keys=False, width=120)
