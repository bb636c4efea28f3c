"""What users ask for in a round, and the script that their films carry through the pipeline.

The title of a film says what each stage does with it, so that a request alone tells how it must
end: `import=ok transcription=flaky2 clip-detection=ok export=hang parts=3`.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clipforge_contracts import ids
from clipforge_contracts.pipeline import CLIP_DETECTION, EXPORT, IMPORT, TRANSCRIPTION
from clipforge_contracts.plans import Plan
from clipforge_gateway.auth import Caller
from clipforge_gateway.idempotency import kept_under

TENANT: Final = ids.derive("ten", "default")  # the gateway's first tenant
CALLER: Final = Caller(TENANT, Plan.BUSINESS, "admin")
FREE_KEYED: Final = "free"  # the Idempotency-Key under which the other tenant is made
FREE_TENANT: Final = ids.derive("ten", kept_under(CALLER, "/v1/tenants", FREE_KEYED))
CALLERS: Final = {
    Plan.BUSINESS: CALLER,
    Plan.FREE: Caller(FREE_TENANT, Plan.FREE, "admin"),  # whose jobs wait for each other
}

STAGES: Final = (IMPORT, TRANSCRIPTION, CLIP_DETECTION, EXPORT)  # that films pass

HOPELESS: Final = "hopeless"
# What a stage does with a film, and how many of a hundred films have it done to them. `doomed` and
# `hopeless` end a job, as `poison` does; all others are survived.
DEEDS: Final[dict[str, int]] = {
    "ok": 70,
    "slow": 12,  # a second of work with signs of life
    "flaky1": 5,  # so many tries fail as Transient
    "flaky2": 3,
    "stumble": 2,  # the first try kills its process
    "block": 2,  # the first try blocks the event loop for longer than the lease
    "hang": 2,  # the first try gives no sign of life
    "eat": 2,  # the first try eats all memory that its process may have
    "doomed": 2,  # Permanent
    HOPELESS: 1,  # every try fails as Transient
}
POISON: Final = "poison"  # every try kills its process
REASONS: Final = {  # of the dead letter that a deed foresees
    "doomed": "scripted",
    HOPELESS: "exhausted",
    POISON: "crashed",
}
RETRIED: Final = ("flaky1", "flaky2", HOPELESS)
CALM: Final = ("ok", "slow", "flaky1", "flaky2", "doomed")  # these cost no process its life


@dataclass(frozen=True)
class Request:
    """One film that somebody submits, once or several times over."""

    key: str  # the Idempotency-Key
    url: str
    deeds: tuple[tuple[str, str], ...]  # by stage
    parts: int = 1  # of the transcription
    sent: int = 1  # how often, at once
    export: bool = False
    cancelled: float | None = None  # so many seconds after it was accepted
    at: float = 0.0  # seconds after the round began
    plan: Plan = Plan.BUSINESS  # of whose films it is one

    @property
    def title(self) -> str:
        script = [f"{stage}={deed}" for stage, deed in self.deeds]
        return " ".join([*script, f"parts={self.parts}"])

    @property
    def tenant(self) -> str:
        return CALLERS[self.plan].tenant_id

    @property
    def project(self) -> str:
        return ids.derive("prj", kept_under(CALLERS[self.plan], "/v1/projects", self.key))

    @property
    def fails_at(self) -> str:
        """The stage that gives up; empty where none does."""
        return next((stage for stage, deed in self.deeds if deed in REASONS), "")

    def deed(self, stage: str) -> str:
        return dict(self.deeds)[stage]


def read(title: str) -> dict[str, str]:
    """The script of a title: deeds by stage, and `parts`."""
    return dict(word.split("=", 1) for word in title.split())


def requests(
    source: random.Random, *, label: str, count: int, seconds: float, deeds: Sequence[str]
) -> list[Request]:
    """What is asked for within so many seconds. Some films are submitted by several users."""
    weights = [DEEDS.get(deed, 1) for deed in deeds]

    def one(number: int) -> Request:
        chosen = dict.fromkeys((stage.name for stage in STAGES), "ok")
        for stage in chosen:
            [chosen[stage]] = source.choices(deeds, weights)
        if number < len(deeds):  # each deed is met at least once
            chosen[source.choice(list(chosen))] = deeds[number]
        in_time = number == len(deeds)  # one is cancelled long before it could be over
        cancelled = source.uniform(0, 2) if in_time or source.random() < 0.08 else None
        if in_time:
            chosen, cancelled = dict.fromkeys(chosen, "slow"), 0.0
        return Request(
            key=f"{label}-{number}",
            url=f"https://films.test/{label}/{source.randrange(max(1, count * 2 // 3))}.mp4",
            deeds=tuple(chosen.items()),
            parts=source.choice((1, 1, 1, 3)),
            sent=source.choice((1, 1, 1, 2, 3)),
            export=source.random() < 0.6,
            cancelled=cancelled,
            at=source.uniform(0, seconds),
            plan=source.choice((Plan.BUSINESS, Plan.BUSINESS, Plan.FREE)),
        )

    return sorted((one(number) for number in range(count)), key=lambda request: request.at)
