"""Automatic supervision measured on the toy domain: `make bench-supervision`, under a quarter of an hour on two cores.

    python -m tests.benchmarks.supervision --out DIRECTORY [--seeds 3]

Four questions, each by its own command, whose rows stay in the directory: who chooses best among N samples; which supervision
teaches most; how right labels by rollouts are; and what a beam search by progress gains for the tokens that it samples.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import fmean

from active_learning.experiments.people import interval

NAMES = {
    "prm": "PRM, best of N",
    "orm": "ORM, best of N",
    "majority": "majority vote",
    "prm_vote": "PRM-weighted vote",
    "pass": "any of N right",
    "process": "process, by the large model",
    "active": "  the same, of chosen solutions",
    "outcome_by_model": "outcome, by the large model",
    "outcome_by_answer": "outcome, by the answer",
    "best_of_n": "best of N",
    "q_beam": "beam search by Q",
    "pav_beam": "beam search by Q and progress",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    started = time.monotonic()
    seeds = ("--seeds", str(options.seeds))
    for part in (_rivals, _supervisions, _estimates, _searches):
        before = time.monotonic()
        part(options.out, seeds)
        print(f"({time.monotonic() - before:.0f} s)", flush=True)
    print(f"\nAll of it took {(time.monotonic() - started) / 60:.1f} minutes. Intervals are of 95 %.")


def _rivals(out, seeds):
    _run("rivals", "--out", out / "samples.jsonl", *seeds)
    _run("evaluate", "--samples", out / "samples.jsonl", "--out", out / "rivals")
    curves = json.loads((out / "rivals" / "report.json").read_text())["best_of_n"]
    _title("Who chooses best among N samples? Share of problems solved, and its interval over the problems")
    ns = [row["n"] for row in curves["prm"]]
    _table("N", ns, {name: [_told(row) for row in rows] for name, rows in curves.items()})


def _supervisions(out, seeds):
    _run("supervision", "--out", out / "supervision", *seeds)
    curves = json.loads((out / "supervision" / "report.json").read_text())["curves"]
    _title("Which supervision teaches most? Share of problems solved by best of 64, and its interval over the seeds")
    ns = [row["n"] for row in curves["process"]]
    _table(
        "labelled solutions of each problem", ns, {name: [_told(row) for row in rows] for name, rows in curves.items()}
    )


def _estimates(out, seeds):
    _run("estimation", "--out", out / "estimation.jsonl", *seeds)
    rows = _lines(out / "estimation.jsonl")
    _title("How right are labels by rollouts? Share of steps on which they agree with the oracle, over the seeds")
    counts = sorted({row["rollouts"] for row in rows})
    table = {}
    for rate in sorted({row["completer_error_rate"] for row in rows}):
        for metric, name in (("hard_accuracy", "hard"), ("soft_accuracy", "soft ≥ .5"), ("soft_error", "soft, error")):
            table[f"completer errs at {rate}: {name}"] = [
                _told(_interval([row[metric] for row in rows if _is(row, rate, count)])) for count in counts
            ]
    _table("rollouts from each prefix", counts, table)


def _is(row, rate, count):
    return row["completer_error_rate"] == rate and row["rollouts"] == count


def _searches(out, seeds):
    _run("search-compute", "--out", out / "search", *seeds)
    alpha = json.loads((out / "search" / "alpha.json").read_text())
    report = json.loads((out / "search" / "report.json").read_text())
    _title(f"What does progress gain for the tokens sampled? α = {alpha['best']}, chosen on other problems")
    for name in report["equal_compute"][0]["curves"]:
        of_seeds = [one["curves"][name] for one in report["equal_compute"]]
        points = [
            f"{fmean(point['tokens'] for point in points):6.0f}: {_told(_interval([p['accuracy'] for p in points]))}"
            for points in zip(*of_seeds, strict=True)
        ]
        print(f"  {NAMES[name]:34}" + "   ".join(points))
    for pair in report["equal_compute"][0]["ratios"]:
        ratios = [one["ratios"][pair]["ratio"] for one in report["equal_compute"]]
        method, _, baseline = pair.partition(" for ")
        known = [math.log(ratio) for ratio in ratios if ratio]
        shown = ", ".join(f"{ratio:.2f}" if ratio else "not reached" for ratio in ratios) + " (by seed)"
        if len(known) == len(ratios) > 1:
            shown = "{value:.2f} [{low:.2f}, {high:.2f}]".format(
                **{k: math.exp(v) for k, v in _interval(known).items()}
            )
        print(f"  tokens of {NAMES[baseline]} over those of {NAMES[method]} at equal accuracy: {shown}")
    for row in report["guard"]:
        print(f"  kept by Q + {row['alpha']} × {row['bonus']}: {row['trivial_steps']:.3f} of the steps lead nowhere")


def _run(command, *arguments):
    words = [sys.executable, "-m", "active_learning", command, *map(str, arguments)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def _interval(values):
    found = interval(values)
    return {"value": found["mean"], "low": found["low"], "high": found["high"]}


def _told(row):
    return f"{row['value']:.3f}" + (f" [{row['low']:.3f}, {row['high']:.3f}]" if row["low"] is not None else "")


def _title(text):
    print(f"\n{text}\n{'=' * len(text)}")


def _table(heading, columns, rows):
    width = max(len(NAMES.get(name, name)) for name in (*rows, heading)) + 2
    print(f"  {heading:{width}}" + "".join(f"{column:<24}" for column in columns))
    for name, cells in rows.items():
        print(f"  {NAMES.get(name, name):{width}}" + "".join(f"{cell:<24}" for cell in cells))


if __name__ == "__main__":
    main()
