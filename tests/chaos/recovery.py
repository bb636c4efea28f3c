"""How long it takes until what a fault met has come to its end all the same."""

from chaos.account import read
from chaos.evidence import Evidence
from clipforge_contracts import ids
from clipforge_contracts.facts import about
from clipforge_contracts.pipeline import PIPELINE


def recovery(seen: Evidence, begun: float, ended: float) -> float:
    """Seconds from the end of a fault until the jobs that it met were over.

    `begun` and `ended` are seconds since 1970.
    """
    open_, latest = set(), ended
    for entry, fact in read(seen):
        at = entry.time.timestamp()
        for stage in PIPELINE:
            if isinstance(fact, stage.consumes) and at < begun:
                open_.add(stage.job(fact))
            if isinstance(fact, stage.outcome):
                met = ids.job(stage.name, about(fact))
                latest = max(latest, at) if at > begun and met in open_ else latest
                open_.discard(met)
    return latest - ended
