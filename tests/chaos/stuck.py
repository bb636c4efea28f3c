"""What has not come to any end."""

from collections.abc import Iterator

from chaos.evidence import Evidence, held
from chaos.lost import ENDS


def stuck(evidence: Evidence) -> Iterator[str]:
    """Queues that hold something, rows that wait, run keys and scratch that are left."""
    for stage, counts in evidence.counts.items():
        if held(counts):
            yield f"{stage} still holds {counts}"
    states = [(row.id, row.state) for row in evidence.rows.projects]
    states += [(row.id, row.state) for row in evidence.rows.exports]
    for what, state in states:
        if state not in ENDS:
            yield f"{what} is still {state}"
    for job in evidence.rows.jobs:
        if job.state not in ENDS:
            yield f"the {job.stage} of {job.about} is still {job.state}"
    for key in evidence.run_keys:
        yield f"the run key {key} is left"
    for name in evidence.scratch:
        yield f"{name} is left in the scratch folder"
