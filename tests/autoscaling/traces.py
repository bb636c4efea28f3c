"""What arrives at a stage: the same jobs every time, from a seed."""

from random import Random

from autoscaling.stage import Job

HOUR = 3600


def steady(*, an_hour: int, mean_seconds: int, hours: int = 3, seed: int = 1) -> list[Job]:
    """Jobs that come one by one, as many an hour as another."""
    random, at, jobs = Random(seed), 0.0, []
    while (at := at + random.expovariate(an_hour / HOUR)) < hours * HOUR:
        jobs.append(Job(int(at), _length(random, mean_seconds)))
    return jobs


def burst(*, count: int, mean_seconds: int, seed: int = 2) -> list[Job]:
    """Somebody's whole shelf, within a minute."""
    random = Random(seed)
    return [Job(random.randrange(60), _length(random, mean_seconds)) for _ in range(count)]


def long_film(*, minutes: int, part_minutes: int, factor: float) -> list[Job]:
    """The parts of one film, which all come at once. `factor`: work seconds a second of film."""
    parts = minutes // part_minutes
    return [Job(0, int(part_minutes * 60 * factor)) for _ in range(parts)]


def flood(*, count: int, mean_seconds: int, seed: int = 3) -> list[Job]:
    """More than the largest size takes, over an hour."""
    random = Random(seed)
    return [Job(random.randrange(HOUR), _length(random, mean_seconds)) for _ in range(count)]


def _length(random: Random, mean: int) -> int:
    """Most are short and few are long, as films are."""
    return max(2, int(random.lognormvariate(0, 0.7) * mean / 1.28))
