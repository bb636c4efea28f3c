"""What arrives at a stage: the same jobs every time, from a seed."""

from dataclasses import dataclass
from random import Random
from typing import Final

from autoscaling.waiting import Job
from clipforge_contracts.plans import Plan, Priority, priority_of

HOUR: Final = 3600
SPREAD: Final = 0.7  # of the logarithm of a job's length
MEAN: Final = 1.28  # of such lengths, over the median


@dataclass(frozen=True)
class Work:
    """What the deliveries of a stage are like."""

    stage: str
    slots: int  # of a pod
    median: int  # seconds of one
    film: tuple[int, int]  # how many a film of three hours makes at once, and seconds of each

    def of(self, plan: Plan) -> Priority:
        return priority_of(plan, self.stage)


# Lengths as `make bench-pipeline` shows them on whole cores; a download goes at the speed of its
# site, and an endpoint that is slow is waited for.
IMPORT: Final = Work("import", 3, 60, (1, 540))
TRANSCRIPTION: Final = Work("transcription", 2, 30, (120, 30))  # parts of 90 s
CLIP_DETECTION: Final = Work("clip-detection", 5, 10, (1, 180))
EXPORT: Final = Work("export", 2, 25, (30, 25))
WEBHOOKS: Final = Work("webhooks", 50, 2, (40, 2))


def steady(work: Work, *, pods: float, seconds: int, seed: int = 1) -> list[Job]:
    """Jobs that come one by one, and keep so many pods busy in the mean."""
    rate = pods * work.slots / (work.median * MEAN)
    random, at, jobs = Random(seed), 0.0, []
    while (at := at + random.expovariate(rate)) < seconds:
        jobs.append(Job(int(at), _length(random, work), work.of(Plan.PRO)))
    return jobs


def burst(work: Work, *, pods: int, seed: int = 2) -> list[Job]:
    """Somebody's whole shelf within a minute: as much as so many pods take at once."""
    random, count = Random(seed), pods * work.slots
    return [
        Job(random.randrange(60), _length(random, work), work.of(Plan.PRO)) for _ in range(count)
    ]


def long_film(work: Work) -> list[Job]:
    """What a film of three hours makes, all at once."""
    count, seconds = work.film
    return [Job(0, seconds, work.of(Plan.PRO)) for _ in range(count)]


def flood(work: Work, *, pods: int, times: float = 1.2, seconds: int, seed: int = 3) -> list[Job]:
    """Free work, so many times as much as the largest size takes; paying jobs come beside it."""
    random = Random(seed)
    count = int(times * pods * work.slots * seconds / (work.median * MEAN))
    free = [
        Job(random.randrange(seconds), _length(random, work), work.of(Plan.FREE))
        for _ in range(count)
    ]
    return free + steady(work, pods=0.1 * pods, seconds=seconds, seed=seed)


def _length(random: Random, work: Work) -> int:
    """Most are short and few are long, as films are."""
    return max(1, round(work.median * random.lognormvariate(0, SPREAD)))
