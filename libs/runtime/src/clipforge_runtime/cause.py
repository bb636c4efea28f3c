"""What a delivery is about: the fact, the job, and how often it has been tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from clipforge.v1.facts_pb2 import ChunkCut
from clipforge_contracts import ids, subjects
from clipforge_contracts.facts import Fact, Unreadable, decode, fact_name, project_of
from clipforge_contracts.pipeline import Attempts, Stage
from clipforge_contracts.plans import Plan
from clipforge_contracts.subjects import Subject
from clipforge_runtime.bus import Delivery

KEPT = ("ce-", "traceparent", "tracestate", "content-type", "cf-replay", "cf-began")


@dataclass(frozen=True)
class Cause:
    """A delivery that could be read."""

    stage: Stage
    delivery: Delivery
    fact: Fact
    subject: Subject
    fact_id: str
    attempt: int  # this one, from 1
    crashes: int  # deliveries whose worker died
    replay: int
    deferrals: int = 0  # how often it was held back since it was last tried
    overloads: int = 0  # how often it was too much for a machine that lived on
    furthest: float = 0.0  # percent that attempts before this one have come to, as far as is known

    @classmethod
    def read(cls, stage: Stage, delivery: Delivery) -> "Cause":
        """Decode. ValueError where it is not one of our facts, or not one for this stage."""
        headers = delivery.headers
        subject = subjects.parse(delivery.subject)
        if subjects.forged(delivery.subject, headers.get("Nats-Scheduler", "")):
            raise Unreadable("it came by the schedule of a service that may not state it")
        fact = decode(headers.get("ce-type", ""), delivery.data)
        if not isinstance(fact, stage.consumes):
            raise Unreadable(f"{stage.name} does not feed on {fact_name(fact)}")
        if not headers.get("ce-id"):
            raise Unreadable("it has no ce-id, from which the ids of what follows are derived")
        # What a fact says of attempts is how its own stage came by it.
        counted = headers if subject.kind == "retries" else {}
        cause = cls(
            stage=stage,
            delivery=delivery,
            fact=fact,
            subject=subject,
            fact_id=headers["ce-id"],
            attempt=int(counted.get("cf-attempt", "0")) + 1,
            crashes=int(counted.get("cf-crashes", "0")) + delivery.deliveries - 1,
            replay=int(headers.get("cf-replay", "0")),
            deferrals=int(counted.get("cf-deferrals", "0")),
            overloads=int(counted.get("cf-overloads", "0")),
            furthest=percent(counted),
        )
        _ = cause.policy  # a plan of tomorrow is found here, and not when the job has failed
        return cause

    @cached_property
    def job(self) -> str:
        return self.stage.job(self.fact, self.replay)

    @property
    def is_first(self) -> bool:
        """Whether it was never handed over before: the fact itself, for the first time."""
        return self.subject.kind == "facts" and self.delivery.deliveries == 1

    @property
    def part(self) -> int | None:
        """The index of this part, where the job has several."""
        return self.fact.n if isinstance(self.fact, ChunkCut) else None

    @property
    def parts(self) -> int:
        return len(self.fact.plan.spans) if isinstance(self.fact, ChunkCut) else 1

    @cached_property
    def plan(self) -> Plan:
        return Plan.read(project_of(self.fact).plan)

    @property
    def policy(self) -> Attempts:
        return self.stage.attempts_of(self.plan)

    @property
    def log_fields(self) -> dict[str, str]:
        """What identifies it in logs and spans."""
        project = project_of(self.fact)
        return {
            "tenant": project.tenant_id,
            "project": project.project_id,
            "job": self.job,
            "attempt": str(self.attempt),
            "fact_id": self.fact_id,
            **({"part": f"{self.part + 1}/{self.parts}"} if self.part is not None else {}),
        }

    def began(self, here: datetime) -> str:
        """When work on the job began: for a part, when the job was cut into parts."""
        known = self.delivery.headers.get("cf-began") if self.part is not None else None
        return known or here.isoformat(timespec="milliseconds")

    def settle_id(self, kind: str) -> str:
        """The message id of what settles this delivery.

        Never <job>:<attempt>: a schedule whose id was used before is silently not stored.
        """
        return f"{self.stage.name}:{self.delivery.stream}:{self.delivery.sequence}:{kind}"

    def fact_id_of(self, fact: Fact, n: int) -> str:
        """The id of the n-th fact stated because of this one: the same however often it is done.

        A part is of its plan, too: where a worker of another version cuts what one that died had
        begun to cut, the log must not keep some parts of each.
        """
        plan = (fact.plan.plan_hash,) if isinstance(fact, ChunkCut) else ()
        return ids.derive(
            "evt", self.fact_id, self.stage.name, fact_name(fact), *plan, n, self.replay
        )

    def told_id_of(self, fact: Fact, n: int) -> str:
        """The id of the n-th fact stated of this attempt, which failed."""
        return ids.derive(
            "evt", self.fact_id, self.stage.name, fact_name(fact), "attempt", self.attempt, n
        )

    @property
    def retry_subject(self) -> Subject:
        """Where the same cause is delivered again."""
        return subjects.retry(self.subject, self.stage, self.job)

    @property
    def strain(self) -> int:
        """See strain.Strain."""
        return self.crashes + self.overloads

    def headers(
        self, *, attempt: int, deferrals: int = 0, overloads: int | None = None
    ) -> dict[str, str]:
        """The headers of the same cause when it is delivered again, after so many attempts."""
        more = self.overloads if overloads is None else overloads
        return {
            **kept(self.delivery.headers),
            "cf-attempt": str(attempt),
            "cf-crashes": str(self.crashes),
            **({"cf-deferrals": str(deferrals)} if deferrals else {}),
            **({"cf-overloads": str(more)} if more else {}),
            **({"cf-percent": f"{self.furthest:.1f}"} if self.furthest else {}),
        }


def percent(headers: Mapping[str, str]) -> float:
    """How far a job, or a part, had come when it was to be delivered again."""
    return float(headers.get("cf-percent", "0"))


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that belong to the fact, without those that the server added."""
    return {name: value for name, value in headers.items() if name.lower().startswith(KEPT)}
