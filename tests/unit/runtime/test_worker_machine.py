"""The worker as a state machine: whatever happens, each job has one end, and no ack comes early."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clipforge.v1 import facts_pb2 as facts
from clipforge_contracts import ids
from clipforge_contracts.facts import Fact, encode
from clipforge_contracts.plans import Plan
from clipforge_runtime.errors import Overloaded, Permanent, Transient
from clipforge_runtime.limits import Limits
from clipforge_runtime.testing import MemoryQueue
from leaping import LeapingLoop
from watching import Process, Witness
from workshop import import_at_once, submission

FILMS: Final = 4
WORKERS: Final = 2
A_MOMENT: Final = 0.01  # seconds of the loop's own time: enough for all that needs no waiting
LIMITS: Final = Limits({Plan.FREE: 1})
ERRORS: Final[dict[str, Exception]] = {
    "transient": Transient("The site does not answer."),
    "permanent": Permanent("This is no video.", reason="not-a-video"),
    "overloaded": Overloaded("Too much for this machine."),
    "bug": ZeroDivisionError("a bug"),
}

one_worker: Final = st.integers(0, WORKERS - 1)
one_deed: Final = st.sampled_from(("done", "nonsense", *ERRORS))
some_seconds: Final = st.sampled_from([0.3, 1.0, 5.0, 20.0, 50.0, 130.0])  # a lease, a key, a stall


async def end(deed: str, cause: facts.ProjectSubmitted) -> Fact:
    """What a handler does in the end."""
    if error := ERRORS.get(deed):
        raise error
    return cause if deed == "nonsense" else await import_at_once(cause)


class Workers(RuleBasedStateMachine):
    """Films of all plans; two workers that finish, fail, die, freeze and hand back; time passes."""

    loop: LeapingLoop

    @initialize()
    def begin(self) -> None:
        self.queue = MemoryQueue()
        self.witness = Witness(self.queue)
        self.films: list[facts.ProjectSubmitted] = []
        self.doubled = False  # a zombie, or a retry that came twice: two may have run one job
        self.processes = self.run(self.hire())

    async def hire(self) -> list[Process]:
        return [Process(self.witness, LIMITS, end) for _ in range(WORKERS)]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def done() -> Any:
            found = await work
            await asyncio.sleep(A_MOMENT)
            return found

        return self.loop.run_until_complete(done())

    # What befalls the jobs.

    @precondition(lambda self: len(self.films) < FILMS)
    @rule(plan=st.sampled_from(Plan))
    def a_film_is_submitted(self, plan: Plan) -> None:
        film = submission(f"film {len(self.films)}", plan)
        self.films.append(film)
        self.run(self.queue.state(film, fact_id=ids.derive("evt", film.title), once=True))

    @rule(n=one_worker, count=st.integers(1, 2), hand_back=st.booleans())
    def a_worker_is_handed_something(self, n: int, count: int, hand_back: bool) -> None:
        """Back it goes where it came when no slot was free."""

        async def take() -> None:
            for _ in range(count):
                self.processes[n].take(hand_back=hand_back)

        self.run(take())

    @rule(n=one_worker, deed=one_deed, seconds=some_seconds, times=st.integers(1, 5))
    def a_job_is_tried(self, n: int, deed: str, seconds: float, times: int) -> None:
        for _ in range(times):
            self.a_worker_is_handed_something(n, count=1, hand_back=False)
            for call in list(self.processes[n].calls):
                self.decide(call, deed)
            self.time_passes(seconds)

    @precondition(lambda self: any(process.calls for process in self.processes))
    @rule(n=st.integers(0, 7), deed=one_deed)
    def a_handler_ends(self, n: int, deed: str) -> None:
        calls = [call for process in self.processes for call in process.calls]
        self.decide(calls[n % len(calls)], deed)

    @precondition(lambda self: self.films)
    @rule(n=st.integers(0, FILMS - 1), heard=st.booleans())
    def a_film_is_cancelled(self, n: int, heard: bool) -> None:
        self.cancel(self.films[n % len(self.films)], heard=heard)

    @precondition(lambda self: any(process.worker.running for process in self.processes))
    @rule(heard=st.booleans())
    def what_runs_is_cancelled(self, heard: bool) -> None:
        running = [one for process in self.processes for one in process.worker.running]
        self.cancel(running[0].cause.fact, heard=heard)

    # What befalls the workers, and the log.

    @rule(n=one_worker)
    def a_worker_dies(self, n: int) -> None:
        async def replace() -> None:
            await self.processes[n].die()
            self.processes[n] = Process(self.witness, LIMITS, end)

        self.run(replace())

    @rule(n=one_worker, times=st.integers(1, 7))
    def a_job_is_the_death_of_workers(self, n: int, times: int) -> None:
        for _ in range(times):
            self.a_worker_is_handed_something(n, count=1, hand_back=False)
            self.a_worker_dies(n)
            self.time_passes(50)

    @rule(n=one_worker, frozen=st.booleans())
    def a_worker_freezes_or_thaws(self, n: int, frozen: bool) -> None:
        wire = self.processes[n].wire
        wire.frozen = frozen
        wire.was_frozen |= frozen
        self.doubled |= frozen

    @rule(n=one_worker)
    def a_frozen_worker_has_a_successor(self, n: int) -> None:
        """Its lease is over, and its last sign of life is still to be seen."""
        self.a_worker_is_handed_something(n, count=1, hand_back=False)
        self.time_passes(1)
        self.a_worker_freezes_or_thaws(n, frozen=True)
        self.time_passes(32)
        self.a_worker_is_handed_something((n + 1) % WORKERS, count=FILMS, hand_back=False)

    @rule(n=one_worker)
    def a_worker_hands_back_what_runs(self, n: int) -> None:
        self.processes[n].worker.stop_running()
        self.run(asyncio.sleep(0))

    @rule(n=st.integers(0, 30))
    def a_retry_comes_twice(self, n: int) -> None:
        """As a schedule that fires around the death of the server."""
        retries = [entry for entry in self.queue.entries if entry.subject.startswith("retries.")]
        if retries:
            again = retries[n % len(retries)]
            assert again.fact is not None
            self.queue.fire(again.subject, encode(again.fact), again.headers)
            self.doubled = True

    @rule(seconds=some_seconds)
    def time_passes(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    def decide(self, call: "asyncio.Future[str]", deed: str) -> None:
        call.set_result(deed)
        self.run(asyncio.sleep(0))

    def cancel(self, film: Any, *, heard: bool) -> None:
        fact = facts.ProjectCancelled(project=film.project)
        self.run(self.queue.state(fact, fact_id=ids.new("evt")))
        for process in self.processes if heard else []:
            process.worker.drop(film.project.project_id, "")
        self.run(asyncio.sleep(0))

    # What holds all the while, and in the end.

    @invariant()
    def no_promise_is_broken(self) -> None:
        assert not self.witness.broken
        for film in self.films:
            ends = self.witness.ends(film.project.project_id)
            assert ends.count(facts.VideoImported) <= 1
            assert ends.count(facts.StageFailed) <= 1
            if not self.doubled:
                assert not {facts.VideoImported, facts.StageFailed} <= set(ends)

    def teardown(self) -> None:
        """From here on all goes well: everything comes to an end, and nothing is left over."""
        for process in self.processes:
            process.wire.frozen = False
            process.eager = True
            for call in list(process.calls):
                self.decide(call, "done")
        for _ in range(100):  # of these a few are used: a deferral waits for 100 s at most
            if self.queue.unsettled:
                self.a_worker_is_handed_something(0, count=FILMS, hand_back=False)
                self.time_passes(50)
        self.time_passes(50)  # what the dead have left expires
        self.no_promise_is_broken()
        assert not self.queue.unsettled
        assert not self.queue.reports
        assert not self.queue.seats
        assert not any(process.lives for process in self.processes)
        assert all(self.witness.ends(film.project.project_id) for film in self.films)


def test_each_job_has_one_end_whatever_befalls_its_workers() -> None:
    loop = LeapingLoop()
    try:
        run_state_machine_as_test(
            type("Workers", (Workers,), {"loop": loop}),
            settings=settings(
                max_examples=120,
                stateful_step_count=40,
                # Shrinking takes minutes: add Phase.shrink to look into what was found.
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.close()
