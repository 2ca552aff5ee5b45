"""H11: labelers do not feel that a model is being trained on the same machine: `make bench
ARGS=tests/benchmarks/test_while_training.py`.

A whole site on loopback, scripted labelers over HTTP; in turn without and with a training of the worker's kind (its own
process, as long as it is measured) beside them.
"""

import json
import statistics
import threading
from contextlib import contextmanager
from random import Random

import pytest

from active_learning.records import dump
from active_learning.simulate import label, make_pool
from workers.child import Child, ChildFailed
from workers.tour_site import starting_site

pytestmark = pytest.mark.benchmark

RUNS = 5
LABELERS = 4
LABELS = 60  # of a run
# Seconds over each solution. The first is more than any team of people does on a machine of two cores, four labels a
# second; the other as fast as four can be served, and only told.
PAUSE, NO_PAUSE = 1.0, 0.2
UNCHANGED = 1.25  # what p95 of so few labels varies by itself


@contextmanager
def training(folder, number):
    """A model is being trained, in small steps, until the block ends."""
    rng = Random(0)
    records = folder / "train.jsonl"
    lines = [dump(label(one, noise=0.0, generation=0, rng=rng)) for one in make_pool(40, 8, 0.12, rng)]
    records.write_text("\n".join(lines) + "\n")
    config = folder / "config.json"
    config.write_text(json.dumps({"mode": "full", "epochs": 10_000, "eval_fraction": 0.1}))
    steps = []
    child = Child(["train", "--records", str(records), "--config", str(config), "--out", str(folder / f"prm-{number}")])
    begun = threading.Event()

    def progress(line):
        steps.append(line)
        begun.set()

    def follow():
        with pytest.raises(ChildFailed):  # it is stopped long before its end
            child.follow(progress=progress, log=lambda _: None)

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        assert begun.wait(120)
        yield steps
    finally:
        child.stop()
        follower.join()


def test_h11_labelers_wait_no_longer_while_a_model_is_trained(tmp_path, capsys):
    with starting_site(tmp_path) as site:
        site.wait_until_ready()
        fill_the_queue(site, tmp_path / "toy")
        label_some(site, NO_PAUSE)  # the first requests load what the others find
        found = {pause: compared(site, tmp_path, pause) for pause in (NO_PAUSE, PAUSE)}
    with capsys.disabled():
        for pause, figures in found.items():
            print(f"\nlabeling while a model is trained, {pause} s over a solution: {json.dumps(figures)}")
    assert min(found[PAUSE]["training steps meanwhile"]) > 0  # it did train
    assert found[PAUSE]["ratio of medians"] <= UNCHANGED


def compared(site, folder, pause):
    alone, beside, steps = [], [], []
    for number in range(RUNS):
        alone.append(label_some(site, pause))
        with training(folder, f"{pause}-{number}") as taken:
            before = len(taken)
            beside.append(label_some(site, pause))
            steps.append(len(taken) - before)
    return {
        "labels of a run": LABELS,
        "p95 ms alone": alone,
        "p95 ms beside a training": beside,
        "training steps meanwhile": steps,
        "ratio of medians": round(statistics.median(beside) / statistics.median(alone), 2),
    }


def fill_the_queue(site, folder):
    """With as many solutions as all runs together label."""
    problems = 2 * (2 * RUNS + 1)
    site.science("toy", "--out", folder, "--problems", problems, "--solutions", LABELS, "--seed", 0)
    site.manage("createproject", "algebra")
    site.manage("import_problems", "--project", "algebra", folder / "problems.jsonl")
    site.manage("import_solutions", "--project", "algebra", folder / "solutions.jsonl")
    site.manage("run_round", "--project", "algebra", "--wait", "--problems", problems, "--per-problem", LABELS)


def label_some(site, pause):
    """p95 of handing in a label, in ms."""
    told = site.manage(
        "simulate_labelers", "--project", "algebra", "--base-url", site.url, "--json",
        "--labelers", LABELERS, "--count", LABELS, "--pause", pause,
    )  # fmt: skip
    report = json.loads(told.splitlines()[-1])
    assert report["labels"] == LABELS
    return report["submit_p95_ms"]
