"""shepherd: automatic labels in the format of Math-Shepherd's dataset, and back."""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from active_learning import automatic, shepherd
from active_learning.answers import extract_answer
from active_learning.commands.arguments import command, emit, write_lines
from active_learning.strict_json import read_lines


def add(commands: Any) -> None:
    parser = command(
        commands, "shepherd", _shepherd, "write automatic labels as Math-Shepherd's dataset does, or read such a file"
    )
    of_what = parser.add_mutually_exclusive_group(required=True)
    of_what.add_argument("--automatic", type=Path, help="automatic labels of roll-out, to write with + and -")
    of_what.add_argument("--rows", type=Path, help='JSON Lines {"input", "label", "task"}, for train --automatic')
    parser.add_argument("--task", default="MATH", help="the dataset that the problems are from (default MATH)")
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines")


def _shepherd(options: argparse.Namespace) -> None:
    counts: Counter[str] = Counter()
    rows = _written(options.automatic, options.task, counts) if options.automatic else _read(options.rows, counts)
    unfinished = options.out.with_name(options.out.name + ".tmp")
    write_lines(unfinished, rows)
    unfinished.rename(options.out)
    emit({"stage": "done", **counts})


def _written(path: Path, task: str, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """A row for each solution of which every step has an estimate, hard (eq. 3); others are counted."""
    for one in automatic.read_estimates(path):
        is_good = tuple(estimate.correct > 0 for estimate in one.estimates if estimate is not None)
        if not one.steps or len(is_good) < len(one.steps):
            counts["left_out_not_estimated"] += 1
            continue
        try:
            yield shepherd.row_of(shepherd.Signed(one.problem, one.steps, is_good, task))
        except shepherd.SignInside:
            counts["left_out_sign_inside"] += 1
        except shepherd.HeadingInside:
            counts["left_out_heading_inside"] += 1
        else:
            counts["solutions"] += 1
            counts["steps"] += len(one.steps)


def _read(path: Path, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """Estimates of one rollout each: what share came out right, the published rows do not tell."""
    for number, one in enumerate(read_lines(path, shepherd.read_line), start=1):
        counts["solutions"] += 1
        counts["steps"] += len(one.steps)
        answer = extract_answer(one.steps[-1])
        estimates = tuple(automatic.Estimate(int(good), 1) for good in one.is_good)
        truth = answer if one.is_good[-1] else None
        yield automatic.line_of(
            automatic.Estimated(number, one.problem, truth, one.steps, answer, None, estimates, tokens=0)
        )
