"""A stage under an autoscaler, second by second: a queue, and pods that start and end slowly."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Final

from autoscaling.hpa import SYNC, Hpa
from autoscaling.waiting import Job, Waiting
from clipforge_contracts.plans import Priority
from clipforge_runtime.crew import BUSY, MINUTE, SAMPLES

START: Final = 30  # seconds from the decision until a pod takes work: scheduling, image, model
STEP: Final = int(MINUTE.total_seconds())  # so long free work is held back, and then looked at anew
BEAT: Final = STEP // SAMPLES
LONGEST: Final = 86_400  # seconds; what is not done by then never is


@dataclass
class Pod:
    """One worker."""

    born: int
    ends: int | None = None  # when it must be gone, once it was told to
    running: list[Job] = field(default_factory=list)
    ran: deque[int] = field(default_factory=lambda: deque(maxlen=SAMPLES))  # a minute's samples

    def ready(self, now: int) -> bool:
        return now - self.born >= START


@dataclass(frozen=True)
class Course:
    """What happened."""

    waits: Mapping[Priority, tuple[int, ...]]  # seconds, sorted
    busy_ended: int  # pods that had work in hand when they were told to end
    ended: int  # all that were told to
    repeated: float  # share of the work that was done twice
    turns: int  # times that up became down, or down up
    most: int
    pod_seconds: int
    over: int  # when the last job was done

    def wait(self, share: float, priority: Priority | None = None) -> int:
        """So long waited such a share of the jobs, or of those of a priority, at most."""
        waits = self.waits[priority] if priority else sorted(chain(*self.waits.values()))
        return waits[min(int(len(waits) * share), len(waits) - 1)]


def run(
    jobs: list[Job],
    hpa: Hpa,
    *,
    slots: int,
    drain: int,
    free: Priority = Priority.LOW,
    idle_first: bool = False,
) -> Course:
    """Play it until everything is done. `drain`: seconds that a pod may finish its work in.

    `free`: the priority of work that is held back under load. `idle_first`: pods say themselves
    what their end would cost; else the youngest go.
    """
    coming = deque(sorted(jobs, key=lambda job: job.arrives))
    waiting = Waiting(free)
    pods = [Pod(-START) for _ in range(hpa.least)]
    busy_ended = ended = repeated = pod_seconds = done = now = held_until = 0
    sizes: list[int] = []
    while done < len(jobs):
        assert now < LONGEST, f"{len(waiting)} jobs still wait"
        while coming and coming[0].arrives <= now:
            waiting.add(coming.popleft())
        waiting.held = now < held_until
        for pod in list(pods):
            before = len(pod.running)
            pod.running = [job for job in pod.running if now - job.begins < job.seconds]
            done += before - len(pod.running)
            if pod.ends is not None and (not pod.running or now >= pod.ends):
                repeated += sum(now - job.begins for job in pod.running)
                for job in pod.running:
                    waiting.hand_back(job)
                pods.remove(pod)
            elif pod.ends is None and pod.ready(now):
                _fill(pod, waiting, slots, now)
        if now % BEAT == 0:
            load = _load(pods, slots, now)
            held_until = now + STEP if load > BUSY and now >= held_until else held_until
        if now % SYNC == 0:
            alive = [pod for pod in pods if pod.ends is None]
            running = sum(len(pod.running) for pod in pods)
            wanted = hpa.decide(now, len(alive), len(waiting) + running)
            pods += [Pod(now) for _ in range(wanted - len(alive))]
            for pod in _victims(alive, len(alive) - wanted, now, idle_first):
                ended += 1
                busy_ended += bool(pod.running)
                pod.ends = now + drain
            sizes.append(wanted)
        pod_seconds += len(pods)
        now += 1
    work = sum(job.seconds for job in jobs)
    return Course(
        _waits(jobs),
        busy_ended,
        ended,
        repeated / work,
        _turns(sizes),
        max(sizes),
        pod_seconds,
        now,
    )


def _fill(pod: Pod, waiting: Waiting, slots: int, now: int) -> None:
    while len(pod.running) < slots and (job := waiting.take()):
        job.begins = now
        job.first = now if job.first < 0 else job.first
        pod.running.append(job)


def _load(pods: list[Pod], slots: int, now: int) -> float:
    """Running over slots in the mean of the last minute, as clipforge_runtime.crew counts it."""
    at_work = [pod for pod in pods if pod.ends is None and pod.ready(now)]
    for pod in at_work:
        pod.ran.append(len(pod.running))
    return sum(sum(pod.ran) / SAMPLES for pod in at_work) / max(1, slots * len(at_work))


def _victims(alive: list[Pod], count: int, now: int, idle_first: bool) -> list[Pod]:
    """Whom a ReplicaSet ends first."""

    def order(pod: Pod) -> tuple[bool, int, int]:
        return pod.ready(now), len(pod.running) if idle_first else 0, -pod.born

    return sorted(alive, key=order)[: max(count, 0)]


def _waits(jobs: list[Job]) -> dict[Priority, tuple[int, ...]]:
    return {
        priority: tuple(sorted(job.first - job.arrives for job in jobs if job.priority is priority))
        for priority in Priority
    }


def _turns(sizes: list[int]) -> int:
    ways = [after > before for before, after in pairwise(sizes) if after != before]
    return sum(one != other for one, other in pairwise(ways))
