"""What was promised and did not come to its end."""

import hashlib
from collections.abc import Iterator
from typing import Final

from chaos import account, results
from chaos.evidence import Evidence
from chaos.requests import REASONS, Request
from chaos.tellings import untold
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import subjects
from clipforge_contracts.facts import about, fact_name
from clipforge_contracts.pipeline import EXPORT, PIPELINE

ENDS: Final = {"ready", "failed", "cancelled", "completed"}


def lost(evidence: Evidence) -> Iterator[str]:
    """Projects and exports that ended otherwise than foreseen; facts without rows; torn objects."""
    yield from ends_of_projects(evidence)
    yield from ends_of_exports(evidence)
    yield from _garbled(evidence)
    yield from rows_of_facts(evidence)
    yield from _objects(evidence)
    yield from removals(evidence)
    yield from untold(evidence)


def ends_of_projects(evidence: Evidence) -> Iterator[str]:
    rows = {row.id: row for row in evidence.rows.projects}
    excused = given_up(evidence)
    submitted = account.abouts(evidence, facts.ProjectSubmitted)
    cancelled = account.abouts(evidence, facts.ProjectCancelled)
    for request in evidence.asked.requests:
        promised = request.project in evidence.asked.accepted
        if promised and request.project not in submitted:
            yield f"{request.key} was accepted, and the log does not hold it"
        if not promised and request.project not in submitted:
            continue
        if request.project in evidence.asked.cancels_accepted - cancelled:
            yield f"the cancel of {request.key} was accepted, and the log does not hold it"
        row = rows.get(request.project)
        if row is None:
            yield f"{request.key} has no row"
            continue
        ended = (row.state, row.stage or "", row.reason or "")
        foreseen = _foreseen(evidence, request)
        if row.state in ENDS and ended not in foreseen and row.id not in excused:
            why = _why(evidence, request.project)
            yield f"{request.key} ({request.title}) ended {ended}, foreseen were {foreseen}{why}"


def _why(evidence: Evidence, what: str) -> str:
    """What its dead letters say, with what the workers met."""
    letters = [fact for _, fact in account.read(evidence) if isinstance(fact, facts.StageFailed)]
    said = [f"{one.sentence} {one.detail}" for one in letters if one.about == what]
    return f": {' / '.join(said)}" if said else ""


def _foreseen(evidence: Evidence, request: Request) -> list[tuple[str, str, str]]:
    """State, failed stage and reason that a project may end with."""
    cancelled = account.sequence(evidence, facts.ProjectCancelled, request.project)
    detected = account.sequence(evidence, facts.ClipsDetected, request.project)
    if cancelled and not (detected and detected < cancelled):
        # A stage that had failed before stays named.
        failing = request.fails_at
        failed = [("cancelled", failing, REASONS[request.deed(failing)])] if failing else []
        return [("cancelled", "", ""), *failed]
    if request.fails_at and request.fails_at != EXPORT.name:
        return [("failed", request.fails_at, REASONS[request.deed(request.fails_at)])]
    return [("ready", "", "")]


def ends_of_exports(evidence: Evidence) -> Iterator[str]:
    excused = given_up(evidence)
    cancelled = account.abouts(evidence, facts.ProjectCancelled)
    for request in account.requests(evidence, evidence.asked.exports):
        rows = [row for row in evidence.rows.exports if row.project == request.project]
        if not rows and request.project in evidence.asked.exports_accepted:
            yield f"the export of {request.key} has no row"
        deed = request.deed(EXPORT.name)
        foreseen = {("failed", REASONS[deed]) if deed in REASONS else ("completed", "")}
        if request.project in cancelled:
            foreseen.add(("cancelled", ""))
        for row in rows:
            ended = (row.state, row.reason or "")
            if row.state in ENDS and ended not in foreseen and row.id not in excused:
                yield f"the export of {request.key} ended {ended}, foreseen was {foreseen}"


def _garbled(evidence: Evidence) -> Iterator[str]:
    """Each message that is no fact has its dead letter, and that has a row."""
    letters = [entry.fact for entry in evidence.facts if isinstance(entry.fact, facts.StageFailed)]
    kept = {
        letter.project.project_id: letter.job_id
        for letter in letters
        if letter.reason == "unreadable"
    }
    rows = {job.id for job in evidence.rows.jobs if job.state == "failed"}
    for subject in evidence.asked.strangers:
        letter = kept.get(subjects.parse(subject).project)
        if letter is None:
            yield f"the unreadable {subject} has no dead letter"
        elif letter not in rows:
            yield f"the dead letter {letter} of the unreadable {subject} has no row"


def given_up(evidence: Evidence) -> set[str]:
    """Projects and exports that failed as a fault of this round may make them fail."""
    return {
        letter.about
        for _, letter in account.read(evidence)
        if isinstance(letter, facts.StageFailed)
        and letter.reason == "exhausted"
        and any(words in letter.sentence for words in evidence.excused)
    }


def rows_of_facts(evidence: Evidence) -> Iterator[str]:
    """What facts say, and rows do not."""
    completed = {(row.stage, row.about) for row in evidence.rows.jobs if row.state == "completed"}
    cancelled = {(row.stage, row.about) for row in evidence.rows.jobs if row.state == "cancelled"}
    charged = {row.fact_id: row.amount for row in evidence.rows.usage}
    clips = {project for _, project in evidence.rows.clips}
    for entry, fact in account.read(evidence):
        for stage in PIPELINE:
            done = (stage.name, about(fact))
            if isinstance(fact, stage.outcome) and done not in completed | cancelled:
                yield f"{fact_name(fact)} about {about(fact)} completes no job"
        if (amount := account.charge(fact)) and charged.get(entry.fact_id) != amount:
            yield f"{fact_name(fact)} about {about(fact)} is not charged with {amount} ms"
        if (
            isinstance(fact, facts.ClipsDetected)
            and about(fact) not in clips
            and not account.cancelled_before(evidence, entry, about(fact))
        ):
            yield f"the clips of {about(fact)} have no rows"


def removals(evidence: Evidence) -> Iterator[str]:
    """What was to be tidied up, and of which nobody says that it was."""
    asked = {about(fact) for fact in account.apart(evidence, facts.RemovalRequested)}
    done = {about(fact) for fact in account.apart(evidence, facts.ObjectsRemoved)}
    for removal in sorted(asked - done - given_up(evidence)):
        yield f"the removal {removal} has no end"


def _objects(evidence: Evidence) -> Iterator[str]:
    """What rows promise, and the store does not hold, or holds torn."""
    ready = {row.id for row in evidence.rows.projects if row.state == "ready"}
    exported = {row.project for row in evidence.rows.exports if row.state == "completed"}
    for request in account.requests(evidence, ready):
        *film, export = results.stored(request.tenant, request.url, request.parts)
        wanted = [*film, export] if request.project in exported else film
        for key, body in wanted:
            if "/chunks/" in key and key not in evidence.objects:
                continue  # another project has had the same film transcribed in one piece
            if key not in evidence.objects:
                yield f"{request.key} lacks {key}"
            elif evidence.objects[key] != hashlib.sha256(body).hexdigest():
                yield f"{request.key} has a torn {key}"
