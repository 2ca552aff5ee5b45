"""How many labels it saves to choose what is labeled: two settings of the toy domain, and what people rated.

    python -m tests.benchmarks.efficiency --out DIRECTORY [--base DIRECTORY]

People's ratings need a base model that reads them (`python -m tests.benchmarks.language_model`) and the data files beside
the project; where one is missing, that part is left out and said so.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.shared_data import SHARED

TOY = ("--problems", "8", "--error-rate", "0.25", "--more-random", "32,64")
SETTINGS = {
    "toy-paper": ("a selector trained once, on one random solution of each problem, as the paper did", TOY),
    "toy-rounds": ("a selector retrained at every budget, as rounds do", (*TOY, "--retrain")),
}
PEOPLE = ("--first", "15", "--budgets", "30,60,120,240", "--more-random", "480", "--retrain")
METRICS = {"best_of_n": "best of 64", "step_auc": "step AUC", "first_error_f1": "first-error F1"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", type=Path, help="directory of a language model that reads mathematics")
    parser.add_argument("--features", type=Path, help="a file that keeps what it says of people's solutions")
    parser.add_argument("--seeds", default="5")
    options = parser.parse_args()
    for name, (title, arguments) in SETTINGS.items():
        _run(options.out / name, *arguments, "--seeds", options.seeds)
        _show(title, options.out / name, METRICS)
    if options.base is None or not (SHARED / "data").exists():
        print("\nLeft out: people's ratings, which need --base and the data files in ../shared/data.")
        return
    records = options.out / "people.jsonl"
    module = [sys.executable, "-m", "tests.benchmarks.people_records"]
    subprocess.run([*module, "--out", records, "--alternatives-of", "0"], check=True)
    kept = ["--features", str(options.features)] if options.features else []
    people = ["--records", str(records), "--base", str(options.base), "--precision", "bf16", *kept]
    _run(options.out / "people", *people, *PEOPLE, "--seeds", options.seeds)
    measured = {metric: name for metric, name in METRICS.items() if metric != "best_of_n"}  # of one to five solutions
    _show("what people rated, retrained at every budget", options.out / "people", measured)


def _run(out, *arguments):
    command = [sys.executable, "-m", "active_learning", "efficiency", "--out", str(out), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _show(title, folder, metrics):
    report = json.loads((folder / "report.json").read_text())
    print(f"\n{title}\n{'=' * len(title)}")
    for metric, name in metrics.items():
        print(f"\n{name:28}" + "labeled solutions: mean over the seeds")
        for strategy in dict.fromkeys(point["strategy"] for point in report["curves"]):
            points = [point for point in report["curves"] if point["strategy"] == strategy and point[metric]]
            print(f"  {strategy:26}", *(f"{p['solutions']['mean']:.0f}: {p[metric]['mean']:.3f}  " for p in points))
        for found in report["comparisons"]:
            if (found["metric"], found["unit"]) == (metric, "solutions"):
                slopes, labels = _interval(found["slopes"]), _interval(found["labels"])
                print(f"  {found['strategy']:26} slope ratio {slopes}   labels to equal value {labels}")


def _interval(found):
    if found["value"] is None:
        return "none"
    bounds = "no interval" if found["low"] is None else f"{found['low']:.2f} to {found['high']:.2f}"
    return f"{found['value']:.2f} [{bounds}]"


if __name__ == "__main__":
    main()
