"""The checker sees each kind of broken promise: evidence of a calm round, forged in one place."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from chaos import results, rounds
from chaos.checker import Kind, check
from chaos.effects import Effect
from chaos.evidence import Evidence, ProjectRow, UsageRow
from chaos.rounds import Result
from chaos.servers import Servers
from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact
from clipforge_runtime.bus import Counts, Entry
from samples import every_fact

pytestmark = [pytest.mark.chaos, pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="session")
def calm(house_servers: Servers) -> Result:
    """A round in which nothing goes wrong but what the films bring with them."""
    plan = rounds.Plan.of(7, films=20, kinds=[], count=0)
    return asyncio.run(rounds.play(house_servers, plan))


def test_a_calm_round_keeps_every_promise_and_does_nothing_twice(calm: Result) -> None:
    assert calm.violations == []
    assert calm.evidence.exact
    assert calm.jobs > len(calm.plan.requests)
    assert {row.state for row in calm.evidence.rows.projects} == {"ready", "failed", "cancelled"}


def first(evidence: Evidence, kind: type[Fact]) -> Entry:
    return next(entry for entry in evidence.facts if isinstance(entry.fact, kind))


def rows(evidence: Evidence, **changed: object) -> Evidence:
    return replace(evidence, rows=replace(evidence.rows, **changed))  # type: ignore[arg-type]


def without(evidence: Evidence, kind: type[Fact]) -> Evidence:
    lost = first(evidence, kind)
    return replace(evidence, facts=tuple(fact for fact in evidence.facts if fact is not lost))


def with_fact(evidence: Evidence, fact: Fact, fact_id: str) -> Evidence:
    last = evidence.facts[-1]
    more = replace(last, sequence=last.sequence + 1, fact=fact, fact_id=fact_id)
    return replace(evidence, facts=(*evidence.facts, more))


def stated_again(evidence: Evidence, kind: type[Fact]) -> Evidence:
    entry = first(evidence, kind)
    assert entry.fact
    return with_fact(evidence, entry.fact, entry.fact_id)


def ready(evidence: Evidence) -> ProjectRow:
    return next(row for row in evidence.rows.projects if row.state == "ready")


def in_state(evidence: Evidence, state: str, reason: str | None = None) -> Evidence:
    row = ready(evidence)
    others = [other for other in evidence.rows.projects if other is not row]
    return rows(evidence, projects=(*others, replace(row, state=state, reason=reason)))


def foreign_id(evidence: Evidence) -> Evidence:
    entry = first(evidence, facts.VideoTranscribed)
    forged = replace(entry, fact_id=ids.new("evt"))
    return replace(
        evidence, facts=tuple(forged if fact is entry else fact for fact in evidence.facts)
    )


def begun_again(evidence: Evidence) -> Evidence:
    effect: Effect = next(one for one in evidence.effects if one.what == "begun")
    return replace(evidence, effects=(*evidence.effects, *[effect] * 3))


def torn(evidence: Evidence) -> Evidence:
    project = ready(evidence).id
    film = next(one for one in evidence.asked.requests if one.project == project)
    key = results.objects(film.tenant, film.url).audio_key
    return replace(evidence, objects={**evidence.objects, key: "0" * 64})


def a_transcript_gone(evidence: Evidence) -> Evidence:
    keys = [key for key in evidence.objects if "/transcripts/" not in key]
    return replace(evidence, objects={key: evidence.objects[key] for key in keys})


SAMPLES = {type(fact): fact for fact in every_fact()}
ACTIVE = Counts(waiting=0, active=1, delayed=0, paused=False)
DEFERRED = Counts(waiting=0, active=0, delayed=0, deferred=1, paused=False)
Forgery = Callable[[Evidence], Evidence]

FORGERIES: dict[str, tuple[Kind, Forgery]] = {
    "an accepted film is not in the log": ("lost", lambda e: without(e, facts.ProjectSubmitted)),
    "a project has no row": ("lost", lambda e: rows(e, projects=e.rows.projects[1:])),
    "a film failed that should not": ("lost", lambda e: in_state(e, "failed", "exhausted")),
    "a result completes no job": ("lost", lambda e: rows(e, jobs=())),
    "a result is not charged": ("lost", lambda e: rows(e, usage=e.rows.usage[1:])),
    "an export has no row": ("lost", lambda e: rows(e, exports=())),
    "clips have no rows": ("lost", lambda e: rows(e, clips=())),
    "an object is gone": ("lost", a_transcript_gone),
    "an object is torn": ("lost", torn),
    "a fact is stated again": ("twice", lambda e: stated_again(e, facts.VideoImported)),
    "a job has two rows": ("twice", lambda e: rows(e, jobs=(*e.rows.jobs, e.rows.jobs[0]))),
    "a result is charged twice": (
        "twice",
        lambda e: rows(e, usage=(*e.rows.usage, UsageRow("evt_x", "source_ms", 1))),
    ),
    "work is done again": ("twice", begun_again),
    "a queue still runs": ("stuck", lambda e: replace(e, counts={"export": ACTIVE})),
    "a queue still defers": ("stuck", lambda e: replace(e, counts={"export": DEFERRED})),
    "a project stands still": ("stuck", lambda e: in_state(e, "transcribing")),
    "a run key is left": ("stuck", lambda e: replace(e, run_keys=("job_x._",))),
    "scratch is left": ("stuck", lambda e: replace(e, scratch=("import-x",))),
    "a removal has no end": ("lost", lambda e: without(e, facts.ObjectsRemoved)),
    "a removal ends again": ("twice", lambda e: stated_again(e, facts.ObjectsRemoved)),
    "a stranger's fact": (
        "invented",
        lambda e: with_fact(e, SAMPLES[facts.ProjectSubmitted], ids.new("evt")),
    ),
    "an id that follows from nothing": ("invented", foreign_id),
    "a stranger's row": (
        "invented",
        lambda e: rows(e, projects=(*e.rows.projects, ProjectRow("prj_x", "ready", None, None))),
    ),
    "an end is told to nobody": ("lost", lambda e: replace(e, told=e.told[1:])),
    "a delivery is not delivered": (
        "lost",
        lambda e: rows(e, delivered=(*e.rows.delivered, ("evt_x", "failed"))),
    ),
    "an end is told as another message, too": (
        "twice",
        lambda e: replace(e, told=(*e.told, replace(e.told[0], message_id="evt_x"))),
    ),
    "something is told that has not happened": (
        "invented",
        lambda e: replace(e, told=(*e.told, replace(e.told[0], about="prj_x"))),
    ),
    "a message that is no delivery": (
        "invented",
        lambda e: replace(e, told=(*e.told, replace(e.told[0], message_id="evt_x"))),
    ),
    "a stranger's object": (
        "invented",
        lambda e: replace(e, objects={**e.objects, "tenants/x": "0" * 64}),
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_broken_promise_is_seen(calm: Result, forgery: str) -> None:
    kind, forge = FORGERIES[forgery]

    found = check(forge(calm.evidence))

    assert kind in {violation.kind for violation in found}


def test_ready_and_cancelled_are_told_apart_by_the_order_of_the_log(calm: Result) -> None:
    evidence = calm.evidence
    project = ready(evidence).id
    asked = replace(evidence.asked, cancels=frozenset({*evidence.asked.cancels, project}))
    cancelled = facts.ProjectCancelled()
    cancelled.project.project_id = project
    fact_id = ids.derive("evt", project, "cancelled")
    late = with_fact(replace(evidence, asked=asked), cancelled, fact_id)
    first_of_all = replace(late.facts[-1], sequence=1)
    early = replace(late, facts=(first_of_all, *evidence.facts))

    assert check(late) == []
    assert [violation.kind for violation in check(early)] == ["lost"]
