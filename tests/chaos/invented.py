"""What nobody has asked for."""

from collections.abc import Iterator
from typing import Final

from chaos import account, results
from chaos.evidence import Evidence
from chaos.tellings import made_up
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact, about, fact_name, project_of
from clipforge_contracts.pipeline import BY_STAGE, EXPORT, PIPELINE

MOST_EXPORTS: Final = 5  # of one clip: each time that one has failed and is asked for again
RESTATED: Final = 3  # how often the reconciler may state a cause again


def invented(evidence: Evidence) -> Iterator[str]:
    """Facts, ids, rows and objects that follow from no request."""
    yield from facts_of_nobody(evidence)
    yield from ids_of_nothing(evidence)
    yield from _rows(evidence)
    yield from _objects(evidence)
    yield from made_up(evidence)


def facts_of_nobody(evidence: Evidence) -> Iterator[str]:
    known = {request.project for request in evidence.asked.requests}
    for entry in evidence.facts:
        fact = entry.fact
        if fact is None:
            if entry.subject not in evidence.asked.strangers:
                yield f"message {entry.sequence} on {entry.subject} cannot be read"
            continue
        if isinstance(fact, account.UNASKED):
            continue
        project = project_of(fact).project_id
        if isinstance(fact, facts.StageFailed) and fact.reason == "unreadable":
            if not any(project in subject for subject in evidence.asked.strangers):
                yield f"a dead letter about {project}, which nobody has garbled"
        elif isinstance(fact, facts.StageFailed) and BY_STAGE[fact.stage].apart:
            continue  # what it should have done instead is looked for among what is lost
        elif project not in known:
            yield f"{fact_name(fact)} about {project}, for which nobody has asked"
        elif isinstance(fact, facts.ExportRequested) and project not in evidence.asked.exports:
            yield f"an export of {project}, for which nobody has asked"
        elif isinstance(fact, facts.ProjectCancelled) and project not in evidence.asked.cancels:
            yield f"a cancel of {project}, for which nobody has asked"


def ids_of_nothing(evidence: Evidence) -> Iterator[str]:
    """Every id follows from a request through the facts in between."""
    known: dict[str, set[str]] = {}  # ids of causes, by stage and what they are about
    for entry, fact in account.read(evidence):
        if entry.fact_id not in _derived(fact, known):
            yield f"the id of {fact_name(fact)} about {about(fact)} follows from nothing"
        for stage in PIPELINE:
            if isinstance(fact, stage.consumes):
                job = stage.job(fact)
                again = {ids.derive("evt", job, "restated", n + 1) for n in range(RESTATED)}
                known.setdefault(job, set()).update({entry.fact_id, *again})


def _derived(fact: Fact, known: dict[str, set[str]]) -> set[str]:
    """The ids that this fact may have."""
    project = project_of(fact).project_id
    plan = (fact.plan.plan_hash,) if isinstance(fact, facts.ChunkCut) else ()
    match fact:
        case facts.ProjectSubmitted():
            return {ids.derive("evt", project, "submitted")}
        case facts.ProjectCancelled():
            return {ids.derive("evt", project, "cancelled")}
        case facts.ExportRequested():
            return {ids.derive("evt", fact.export_id, "requested")}
        case facts.StageFailed():
            settled = f"{fact.stage}:{subjects.STREAM}:{fact.cause_sequence}:failed"
            return {ids.derive("evt", settled), ids.derive("evt", fact.job_id, "lost")}
        case facts.VideoImported() | facts.VideoTranscribed() | facts.ClipsDetected():
            [stage] = [one for one in PIPELINE if one.outcome is type(fact)]
            n, job = 0, ids.job(stage.name, project)
        case facts.ClipExported():
            stage, n, job = EXPORT, 0, ids.job(EXPORT.name, fact.export_id)
        case facts.ChunkCut():
            stage, n, job = BY_STAGE["transcription"], fact.n, ids.job("transcription", project)
        case _:
            return set()
    return {
        ids.derive("evt", cause, stage.name, fact_name(fact), *plan, n, 0)
        for cause in known.get(job, ())
    }


def _rows(evidence: Evidence) -> Iterator[str]:
    asked = {request.project for request in evidence.asked.requests}
    exports = {
        results.export_id(project, again)
        for project in evidence.asked.exports
        for again in range(MOST_EXPORTS)
    }
    films = {(request.tenant, request.url) for request in evidence.asked.requests}
    assets = {ids.derive("ast", tenant, results.sha(url)) for tenant, url in films}
    rows = evidence.rows
    jobs = [job for job in rows.jobs if not BY_STAGE[job.stage].apart and job.about != job.id]
    outcomes = {entry.fact_id for entry, fact in account.read(evidence) if account.charge(fact)}
    for label, found, known in (
        ("project", {row.id for row in rows.projects}, asked),
        ("transcript", set(rows.transcripts), asked),
        ("clip", {clip for clip, _ in rows.clips}, {results.clip_id(one) for one in asked}),
        ("export", {row.id for row in rows.exports}, exports),
        ("job", {job.about for job in jobs}, asked | exports),
        ("job", {job.id for job in jobs}, {ids.job(job.stage, job.about) for job in jobs}),
        ("asset", set(rows.assets), assets),
        ("charge", {row.fact_id for row in rows.usage}, outcomes),
    ):
        for stranger in sorted(found - known):
            yield f"a row of the {label} {stranger}, for which nobody has asked"


def _objects(evidence: Evidence) -> Iterator[str]:
    known = {
        key
        for request in evidence.asked.requests
        for key, _ in results.stored(request.tenant, request.url, request.parts)
    }
    for key in sorted(set(evidence.objects) - known):
        yield f"the object {key}, for which nobody has asked"
