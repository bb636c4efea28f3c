"""The projector as a state machine: whatever happens, the rows are those of a plain replay."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clipforge.v1 import facts_pb2 as facts
from clipforge.v1.common_pb2 import ProjectRef
from clipforge_catalog.database import Sessions, open_database
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact, project_of
from clipforge_contracts.pipeline import BY_STAGE, EXPORT
from clipforge_contracts.plans import Plan
from clipforge_projector import projector
from clipforge_projector.apply import CHANGES, apply
from clipforge_projector.position import SteppedDown, position_in
from clipforge_runtime.testing import MemoryBus
from rows import dump
from samples import EXPORT as SAMPLE_EXPORT
from samples import PROJECT, TENANT, every_fact

pytestmark = pytest.mark.integration

PROJECTS = 2
STAGES = ("import", "transcription", "clip-detection", "export")
LIFE: dict[type[Fact], Fact] = {
    type(fact): fact for fact in every_fact() if not isinstance(fact, facts.LogTrimmed)
}

LIFE_OF_A_FILM = (
    facts.ProjectSubmitted,
    facts.VideoImported,
    facts.VideoTranscribed,
    facts.ExportRequested,
)
CAUSES: dict[type[Fact], type[Fact]] = {
    facts.VideoImported: facts.ProjectSubmitted,
    facts.ChunkCut: facts.VideoImported,
    facts.VideoTranscribed: facts.VideoImported,
    facts.ClipsDetected: facts.VideoTranscribed,
    facts.ExportRequested: facts.VideoTranscribed,
    facts.ClipExported: facts.ExportRequested,
    facts.ExportCancelled: facts.ExportRequested,
    facts.ObjectsRemoved: facts.RemovalRequested,
    facts.ExportExpired: facts.ClipExported,
    facts.ProjectExpired: facts.ClipsDetected,
    facts.ProjectCancelled: facts.ProjectSubmitted,
    facts.ProjectDeleted: facts.ProjectSubmitted,
}


class Killed(Exception):
    """The projector ended in the middle of a batch."""


def of(kind: type[Fact], n: int) -> Any:
    """The sample of a fact, about the n-th project; projects share their film."""
    fact = kind.FromString(LIFE[kind].SerializeToString())
    text = fact.SerializeToString()
    for sample in (PROJECT, SAMPLE_EXPORT):  # ids are of one length, so lengths stay true
        text = text.replace(sample.encode(), _named(sample, n).encode())
    return kind.FromString(text)


def _named(sample: str, n: int) -> str:
    return ids.derive("prj" if sample == PROJECT else "exp", "machine", n)


def failed(n: int, stage: str, replay: int) -> facts.StageFailed:
    """A stage gives a project up, or an export."""
    fact: facts.StageFailed = of(facts.StageFailed, n)
    fact.stage = stage
    fact.about = _named(SAMPLE_EXPORT if stage == EXPORT.name else PROJECT, n)
    fact.job_id = ids.job(stage, fact.about, replay)
    return fact


def replayed(n: int, stage: str, replay: int) -> facts.JobReplayed:
    """Somebody has a dead letter done after all."""
    about = _named(SAMPLE_EXPORT if stage == EXPORT.name else PROJECT, n)
    fact: facts.JobReplayed = of(facts.JobReplayed, n)
    fact.stage, fact.about, fact.replay = stage, about, replay
    fact.failed_job_id = ids.job(stage, about, replay - 1)
    fact.job_id = ids.job(stage, about, replay)
    return fact


class Projector(RuleBasedStateMachine):
    """Facts in any order and twice; batches of any size; kills in mid-batch; a second writer."""

    loop: asyncio.AbstractEventLoop
    database_url: str
    stated = Bundle("stated")

    @initialize()
    def begin(self) -> None:
        self.bus = MemoryBus()
        self.opened: AbstractAsyncContextManager[Sessions] = open_database(
            self.database_url, pool_size=2
        )
        self.sessions = self.run(self.opened.__aenter__)
        self.run(lambda: projector.rebuild(self.sessions, self.bus, batch=1, from_nothing=True))

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def done() -> Any:
            return await work()

        return self.loop.run_until_complete(done())

    def state(self, fact: Fact) -> Fact:
        self.run(lambda: self.bus.state(fact, fact_id=ids.new("evt")))
        return fact

    @rule(
        target=stated,
        kind=st.sampled_from([kind for kind in LIFE if kind is not facts.StageFailed]),
        n=st.integers(0, PROJECTS - 1),
    )
    def something_happens(self, kind: type[Fact], n: int) -> Fact:
        return self.state(of(kind, n))

    @rule(
        target=stated,
        n=st.integers(0, PROJECTS - 1),
        fails=st.none() | st.sampled_from(STAGES),
        replays=st.integers(0, 2),
    )
    def a_film_goes_through(self, n: int, fails: str | None, replays: int) -> Fact:
        """To its end, or to where a stage fails; then somebody has it done after all."""
        for stage, cause in zip(STAGES, LIFE_OF_A_FILM, strict=True):
            last: Fact = self.state(of(cause, n))
            if stage == fails:
                for replay in range(replays + 1):
                    self.state(failed(n, stage, replay))
                    last = self.state(replayed(n, stage, replay + 1))
                break
        return last

    @rule(
        target=stated,
        n=st.integers(0, PROJECTS - 1),
        stage=st.sampled_from(STAGES),
        replay=st.integers(0, 2),
        again=st.booleans(),
    )
    def a_stage_fails(self, n: int, stage: str, replay: int, again: bool) -> Fact:
        fact: Fact = self.state(failed(n, stage, replay))
        return self.state(replayed(n, stage, replay + 1)) if again else fact

    @rule(name=st.sampled_from(["one", "two"]), plan=st.sampled_from(list(Plan)))
    def a_tenant_is_saved(self, name: str, plan: Plan) -> None:
        tenant = ProjectRef(tenant_id=TENANT, plan=plan.wire)
        self.state(facts.TenantSaved(project=tenant, name=name))

    @rule(revoked=st.booleans())
    def a_key_is_saved(self, revoked: bool) -> None:
        key: facts.ApiKeySaved = of(facts.ApiKeySaved, 0)
        key.revoked = revoked
        self.state(key)

    @rule(fact=stated)
    def a_zombie_states_it_again(self, fact: Fact) -> None:
        self.state(fact)

    @rule(batch=st.integers(1, 7))
    def it_catches_up(self, batch: int) -> None:
        self.run(
            lambda: projector.project(
                self.sessions, self.bus, batch=batch, until=len(self.bus.entries)
            )
        )

    @precondition(lambda self: self.bus.entries)
    @rule(data=st.data())
    def it_is_killed_in_mid_batch(self, data: st.DataObject) -> None:
        incarnation, position = self.run(lambda: position_in(self.sessions, self.bus))
        batch = self.bus.entries[position : position + 5]
        if not batch:
            return
        deadly = data.draw(st.sampled_from(batch))
        assert deadly.fact is not None
        kind = type(deadly.fact)

        async def die(*_: Any) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(CHANGES, kind, (*CHANGES.get(kind, ()), die))
            with pytest.raises(Killed):
                self.run(
                    lambda: apply(self.sessions, batch, incarnation=incarnation, position=position)
                )

        assert self.run(lambda: position_in(self.sessions, self.bus)) == (incarnation, position)

    @precondition(lambda self: self.bus.entries)
    @rule()
    def another_one_writes_what_is_written(self) -> None:
        incarnation, position = self.run(lambda: position_in(self.sessions, self.bus))
        if not position:
            return
        with pytest.raises(SteppedDown):
            self.run(
                lambda: apply(
                    self.sessions,
                    self.bus.entries[:position],
                    incarnation=incarnation,
                    position=position - 1,
                )
            )

    def teardown(self) -> None:
        self.it_catches_up(3)
        lived = self.run(lambda: dump(self.sessions))
        self.run(lambda: projector.rebuild(self.sessions, self.bus, batch=50, from_nothing=True))
        replay = self.run(lambda: dump(self.sessions))
        self.run(lambda: self.opened.__aexit__(None, None, None))
        assert lived == replay


class RestoredLog(Projector):
    """As a log that was restored: read from its beginning again, over the rows there are.

    Facts come in an order that workers can make: each after what it follows from, and once.
    """

    def state(self, fact: Fact) -> Fact:
        if self.follows(fact) and fact not in self.bus.facts:
            super().state(fact)
        return fact

    def follows(self, fact: Fact) -> bool:
        """Whether what the fact follows from stands in the log."""
        said = [one for one in self.bus.facts if project_of(one) == project_of(fact)]
        match fact:
            case facts.StageFailed():
                return any(
                    (
                        isinstance(one, BY_STAGE[fact.stage].consumes)
                        and BY_STAGE[fact.stage].job(one) == fact.job_id
                    )
                    or (isinstance(one, facts.JobReplayed) and one.job_id == fact.job_id)
                    for one in said
                )
            case facts.JobReplayed():
                return any(
                    isinstance(one, facts.StageFailed) and one.job_id == fact.failed_job_id
                    for one in said
                )
        cause = CAUSES.get(type(fact))
        return cause is None or any(isinstance(one, cause) for one in said)

    @rule()
    def the_log_is_restored(self) -> None:
        self.it_catches_up(5)
        self.bus.incarnation_id += "!"

    def teardown(self) -> None:
        self.the_log_is_restored()
        super().teardown()


@pytest.mark.parametrize("machine", [Projector, RestoredLog])
def test_the_rows_are_those_of_a_plain_replay(machine: type[Projector], database_url: str) -> None:
    loop = asyncio.new_event_loop()
    told = {"loop": loop, "database_url": database_url}
    kind = type(machine.__name__, (machine,), told)
    try:
        run_state_machine_as_test(
            kind,
            settings=settings(
                max_examples=12,
                stateful_step_count=25,
                # Without shrinking, which on a real database outlasts every time limit.
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.close()
