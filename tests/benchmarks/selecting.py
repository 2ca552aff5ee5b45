"""Select from millions of candidates in a process of its own and print seconds and the most memory it took.

python -m tests.benchmarks.selecting per_problem|everywhere PROBLEMS SAMPLES [FILE of JSON Lines]
"""

import itertools
import json
import re
import sys
import time
from pathlib import Path
from random import Random

from active_learning import select
from active_learning.select_everywhere import everywhere
from active_learning.strict_json import Fields, load_json

PICKS = 5  # of a problem
RULES = select.Rules(random_share=0.05)


class Candidate:
    __slots__ = ("is_correct", "score")

    def __init__(self, score, is_correct):
        self.score, self.is_correct = score, is_correct


def made(problems, samples):
    rng = Random(1)
    for _ in range(problems):
        yield [Candidate(rng.random(), rng.random() < 0.4) for _ in range(samples)]


def read(path):
    with path.open("rb") as lines:
        rows = (Fields(load_json(line)) for line in lines)
        for _, some in itertools.groupby(rows, lambda row: row.take("problem", int)):
            yield [Candidate(row.take("score", float), row.take("is_correct", bool)) for row in some]


def write(path, problems, samples):
    with path.open("w") as out:
        for problem, some in enumerate(made(problems, samples)):
            for one in some:
                out.write(json.dumps({"problem": problem, "score": one.score, "is_correct": one.is_correct}) + "\n")


def per_problem(groups, problems):
    quotas = select.quotas(range(problems), PICKS, rules=RULES, rng=Random(0))
    rng = Random(0)
    return [
        pick
        for quota, some in zip(quotas.values(), groups, strict=True)
        for pick in select.pick(some, quota, rules=RULES, rng=rng)
    ]


def best_of_all(groups, problems):
    return everywhere(groups, PICKS * problems, most_per_problem=50, rules=RULES, rng=Random(0))


def most_memory_gb():
    kilobytes = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return round(int(kilobytes.group(1)) / 1e6, 3)


def main(way, problems, samples, file=None):
    problems, samples = int(problems), int(samples)
    start = time.perf_counter()
    groups = read(Path(file)) if file else made(problems, samples)
    picks = {"per_problem": per_problem, "everywhere": best_of_all}[way](groups, problems)
    taken = round(time.perf_counter() - start, 1)
    print(json.dumps({"candidates": problems * samples, "picks": len(picks), "seconds": taken, "GB": most_memory_gb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
