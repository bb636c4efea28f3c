"""`make chaos [ROUNDS=20] [SEED=1]`: rounds of faults, and whether every promise was kept."""

import argparse
import asyncio
import sys
import time

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
        print("without root: no small disks, no cluster; these faults are left out")
        kinds = [kind for kind in kinds if "lone" in KINDS[kind].on]
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
    print(
        f"chaos: rounds={asked.rounds} jobs={jobs} lost={broken['lost']}"
        f" twice={broken['twice']} stuck={broken['stuck']}"
    )
    sys.exit(1 if any(broken.values()) else 0)


if __name__ == "__main__":
    main()
