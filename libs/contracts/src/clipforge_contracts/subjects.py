"""The one builder of subjects.

    facts.<fact>.<priority>.<lane>.<tenant>.<project>.<about>
    retries.<stage>.<priority>.<lane>.<tenant>.<project>.<job>
    schedules.<stage>.<priority>.<lane>.<tenant>.<project>.<job>.<n>    a retry that is delayed
    schedules.<stage>.<priority>.<lane>.<tenant>.<project>.<job>.d<n>   one that is deferred

The server itself would store `*`, `>` and dots inside a token, so tokens are checked here.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from clipforge_contracts.facts import Fact, about, fact_name, project_of
from clipforge_contracts.lanes import Lane
from clipforge_contracts.pipeline import Stage, feeds
from clipforge_contracts.plans import Plan, Priority, priority_of

STREAM: Final = "CLIPFORGE"
NOTHING: Final = "_"  # the project token where no project is concerned
ALL: Final = ("facts.>", "retries.>", "schedules.>")

_TOKEN: Final = re.compile(r"[a-z0-9_-]{1,64}")

Kind = Literal["facts", "retries", "schedules"]


@dataclass(frozen=True)
class Subject:
    """The tokens of a subject of the log. `name` is a fact's name or, in retries, a stage's."""

    kind: Kind
    name: str
    priority: Priority
    lane: Lane
    tenant: str
    project: str
    about: str

    def __str__(self) -> str:
        head = f"{self.kind}.{self.name}.{self.priority}.{self.lane}"
        return f"{head}.{_join(self.tenant, self.project, self.about)}"


def fact_subject(fact: Fact, lane: Lane = Lane.L0) -> Subject:
    """Where a fact is stated: its priority is that of the stage that it feeds."""
    project = project_of(fact)
    stage = feeds(fact)
    return Subject(
        kind="facts",
        name=fact_name(fact),
        priority=priority_of(Plan.read(project.plan), stage.name if stage else None),
        lane=lane,
        tenant=project.tenant_id,
        project=project.project_id or NOTHING,
        about=about(fact),
    )


def parse(subject: str) -> Subject:
    """The tokens of a subject. ValueError where it is not one of ours."""
    tokens = subject.split(".")
    match tokens:
        case ["facts" | "retries" as kind, name, priority, lane, tenant, project, last]:
            pass
        case ["schedules" as kind, name, priority, lane, tenant, project, last, _]:
            pass
        case _:
            raise ValueError(f"{subject!r} is no subject of the log")
    _join(*tokens)
    return Subject(kind, name, Priority(priority), Lane(lane), tenant, project, last)


def retry(of: Subject, stage: Stage, job: str) -> Subject:
    """Where the same cause is delivered again."""
    return replace(of, kind="retries", name=stage.name, about=job)


def schedule(due: Subject, sequence: int, *, deferred: bool = False) -> str:
    """Where a retry waits. The settled message's sequence keeps two schedules apart."""
    return f"{replace(due, kind='schedules')}.{'d' if deferred else ''}{sequence}"


def schedules_of(due: Subject) -> str:
    """The filter of the schedules of one job, whatever its priority and lane."""
    return f"schedules.{_join(due.name)}.*.*.{_join(due.tenant, due.project, due.about)}.*"


def tried_again(stage: Stage, *, tenant: str, project: str, job: str) -> tuple[str, str]:
    """The filters of a job's schedules, and of its retries, whatever their priority and lane."""
    place = f"{_join(stage.name)}.*.*.{_join(tenant, project or NOTHING, job)}"
    return f"schedules.{place}.*", f"retries.{place}"


def is_deferred(schedule: str) -> bool:
    """Whether what waits there was held back, and not tried and failed."""
    return schedule.rsplit(".", 1)[-1].startswith("d")


def forged(subject: str, scheduler: str) -> bool:
    """Whether a message came by a schedule whose writer had no right to what it became.

    The server lets a schedule name any target, past the permissions of whoever wrote it, and says
    in a header where the schedule lay. A stage schedules its own retries, and nobody a fact.
    """
    if not scheduler:
        return False
    return subject.split(".")[:2] != ["retries", *scheduler.split(".")[1:2]]


def once(fact: Fact) -> str:
    """The filter under which a fact that is stated once may be found only once."""
    project = project_of(fact)
    return last_of(fact_name(fact), project.tenant_id, project.project_id, about(fact))


def last_of(name: str, tenant: str, project: str | None, about: str) -> str:
    """The filter of one kind of fact about one thing, whatever its priority and lane.

    `project` is empty where none is concerned, and None where it is not known.
    """
    of = "*" if project is None else _join(project or NOTHING)
    return f"{_join('facts', name)}.*.*.{_join(tenant)}.{of}.{_join(about)}"


def of_project(tenant: str, project: str) -> str:
    """The filter of every fact of one project."""
    return f"facts.*.*.*.{_join(tenant, project)}.>"


def everything_of_project(tenant: str, project: str) -> tuple[str, ...]:
    """The filters of all that the log holds of one project: facts, retries and schedules."""
    of = _join(tenant, project)
    return tuple(f"{filters.removesuffix('>')}*.*.*.{of}.>" for filters in ALL)


def that_bring(stage: Stage, job: str, *, tenant: str, project: str, about: str) -> tuple[str, ...]:
    """The filters of all that brings one job to a worker, or will."""
    facts = tuple(last_of(fact_name(kind), tenant, project, about) for kind in stage.consumes)
    tail = f"{_join(stage.name)}.*.*.{_join(tenant, project, job)}"
    return (*facts, f"retries.{tail}", f"schedules.{tail}.>")


def of_tenant(tenant: str) -> str:
    """The filter of every fact of one tenant."""
    return f"facts.*.*.*.{_join(tenant)}.>"


def work(stage: Stage, priority: Priority, lane: Lane) -> tuple[str, ...]:
    """The filters of one durable consumer: the stage's facts and its retries."""
    tail = f"{_join(priority, lane)}.>"
    facts = tuple(f"{_join('facts', fact_name(kind))}.{tail}" for kind in stage.consumes)
    return (*facts, f"{_join('retries', stage.name)}.{tail}")


def delayed(stage: Stage) -> str:
    """The filter of what waits for its time: the queue's `delayed` and `deferred`."""
    return f"{_join('schedules', stage.name)}.>"


def durable(stage: Stage, priority: Priority, lane: Lane) -> str:
    """The name of one durable consumer."""
    return f"{stage.name}-{priority}-{lane}"


def durables(stage: Stage) -> tuple[str, ...]:
    """The names of all of a stage's durable consumers, those served most often first."""
    return tuple(durable(stage, priority, lane) for priority in Priority for lane in Lane)


def _join(*tokens: str) -> str:
    for token in tokens:
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} cannot be a token of a subject: use [a-z0-9_-], 1 to 64")
    return ".".join(tokens)
