"""`make chaos [ROUNDS=20] [SEED=1]`: rounds of faults, and whether every promise was kept."""

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping

from chaos import checker, films, mounts, rounds, servers
from chaos.faults import KINDS

FILMS = "films"
FILMS_EVERY = 10  # one of so many rounds has real films and the real services
REQUESTS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first round; 0: by the clock")
    parser.add_argument("--films", type=int, default=REQUESTS)
    parser.add_argument("--faults", default="", help="only these kinds, by commas; or `films`")
    asked = parser.parse_args()
    first = asked.seed or int(time.time()) % 1_000_000
    kinds = asked.faults.split(",") if asked.faults else list(KINDS)
    if not mounts.can_mount():
        print("without root: no small disks; faults that need one are left out")
        kinds = [kind for kind in kinds if kind == FILMS or not KINDS[kind].mounts]
    jobs = 0
    broken = dict.fromkeys(checker.KINDS, 0)
    with servers.running() as running:
        for number in range(asked.rounds):
            seed = first + number
            result: rounds.Result | films.Result
            if kinds == [FILMS] or (seed % FILMS_EVERY == 0 and not asked.faults):
                result = films.play(seed)
            else:
                plan = rounds.Plan.of(seed, films=asked.films, kinds=kinds, count=1 + seed % 3)
                result = asyncio.run(rounds.play(running, plan))
            print(f"round {number + 1}: {result}", flush=True)
            for violation in result.violations:
                print(f"  {violation.kind}: {violation.what}", flush=True)
            jobs += result.jobs
            for kind in checker.KINDS:
                broken[kind] += result.count(kind)
    if broken["invented"]:
        print(f"invented={broken['invented']}")
    print(last_line(asked.rounds, jobs, broken))
    sys.exit(1 if any(broken.values()) else 0)


def last_line(rounds: int, jobs: int, broken: Mapping[checker.Kind, int]) -> str:
    """What is read by machines, too."""
    counts = " ".join(f"{kind}={broken[kind]}" for kind in ("lost", "twice", "stuck"))
    return f"chaos: rounds={rounds} jobs={jobs} {counts}"


if __name__ == "__main__":
    main()
