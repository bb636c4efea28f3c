"""A stage under an autoscaler, second by second: a queue, and pods that start and end slowly."""

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

from autoscaling.hpa import SYNC, Hpa

START = 30  # seconds from the decision until a pod takes work: scheduling, image, model


@dataclass
class Job:
    """One delivery."""

    arrives: int
    seconds: int
    begins: int = -1  # for the last time
    first: int = -1


@dataclass
class Pod:
    """One worker."""

    born: int
    ends: int | None = None  # when it must be gone, once it was told to
    running: list[Job] = field(default_factory=list)

    def ready(self, now: int) -> bool:
        return now - self.born >= START


@dataclass(frozen=True)
class Course:
    """What happened."""

    waits: tuple[int, ...]  # seconds, sorted
    busy_ended: int  # pods that had work in hand when they were told to end
    repeated: float  # share of the work that was done twice
    turns: int  # times that up became down, or down up
    most: int
    pod_seconds: int
    over: int  # when the last job was done

    def wait(self, share: float) -> int:
        """So long waited all but a share of the jobs at most."""
        return self.waits[min(int(len(self.waits) * share), len(self.waits) - 1)]


def run(jobs: list[Job], hpa: Hpa, *, slots: int, drain: int, idle_first: bool = False) -> Course:
    """Play it until everything is done. `drain`: seconds that a pod may finish its work in.

    `idle_first`: pods say themselves what their end would cost; else the youngest go.
    """
    coming = deque(sorted(jobs, key=lambda job: job.arrives))
    queue: deque[Job] = deque()
    pods = [Pod(-START) for _ in range(hpa.least)]
    busy_ended = repeated = pod_seconds = done = now = 0
    sizes: list[int] = []
    while done < len(jobs):
        while coming and coming[0].arrives <= now:
            queue.append(coming.popleft())
        for pod in list(pods):
            finished = [job for job in pod.running if now - job.begins >= job.seconds]
            pod.running = [job for job in pod.running if job not in finished]
            done += len(finished)
            if pod.ends is not None and (not pod.running or now >= pod.ends):
                repeated += sum(now - job.begins for job in pod.running)
                queue.extendleft(pod.running)  # handed back
                pods.remove(pod)
            elif pod.ends is None and pod.ready(now):
                while queue and len(pod.running) < slots:
                    job = queue.popleft()
                    job.begins = now
                    job.first = now if job.first < 0 else job.first
                    pod.running.append(job)
        if now % SYNC == 0:
            alive = [pod for pod in pods if pod.ends is None]
            running = sum(len(pod.running) for pod in pods)
            wanted = hpa.decide(now, len(alive), len(queue) + running)
            pods += [Pod(now) for _ in range(wanted - len(alive))]
            for pod in _victims(alive, len(alive) - wanted, now, idle_first):
                busy_ended += bool(pod.running)
                pod.ends = now + drain
            sizes.append(wanted)
        pod_seconds += len(pods)
        now += 1
    work = sum(job.seconds for job in jobs)
    waits = tuple(sorted(job.first - job.arrives for job in jobs))
    return Course(waits, busy_ended, repeated / work, _turns(sizes), max(sizes), pod_seconds, now)


def _victims(alive: list[Pod], count: int, now: int, idle_first: bool) -> list[Pod]:
    """Whom a ReplicaSet ends first."""

    def order(pod: Pod) -> tuple[bool, int, int]:
        return pod.ready(now), len(pod.running) if idle_first else 0, -pod.born

    return sorted(alive, key=order)[: max(count, 0)]


def _turns(sizes: list[int]) -> int:
    ways = [after > before for before, after in pairwise(sizes) if after != before]
    return sum(one != other for one, other in pairwise(ways))
