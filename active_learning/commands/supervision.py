"""supervision, estimation: automatic labels beside known ones, on the toy domain."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import command, emit, torch_command, whole_numbers, write_json, write_lines

Row = dict[str, Any]


def add(commands: Any) -> None:
    supervision = torch_command(
        commands, "supervision", _supervision, "compare process and outcome supervision of the same solutions"
    )
    supervision.add_argument("--out", type=Path, required=True, help="directory for rows.jsonl, report.json, a picture")
    supervision.add_argument("--seeds", type=int, default=3)
    supervision.add_argument(
        "--budgets", type=whole_numbers, help="labeled solutions of each problem (default 1,2,…,32)"
    )

    estimation = command(commands, "estimation", _estimation, "compare labels by rollouts with the oracle's")
    estimation.add_argument("--out", type=Path, required=True, help="file for the rows, JSON Lines")
    estimation.add_argument("--seeds", type=int, default=3)
    estimation.add_argument("--problems", type=int, default=60)
    estimation.add_argument(
        "--rollouts", type=whole_numbers, default=(1, 4, 16), help="from each prefix (default 1,4,16)"
    )


def _supervision(options: argparse.Namespace) -> None:
    from active_learning import plots, vocabulary
    from active_learning.config import TrainConfig
    from active_learning.experiments.supervision import SUPERVISIONS, Comparison, compare

    _check_seeds(options.seeds)
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    budgets = {"budgets": options.budgets} if options.budgets else {}
    for seed in range(options.seeds):
        for row in compare(Comparison(**budgets, seed=seed), TrainConfig(), vocabulary.base_directory("toy")):
            emit({"stage": "compare", **row})
            rows.append(row)
    write_lines(options.out / "rows.jsonl", rows)
    curves = {name: _curve([row for row in rows if row["supervision"] == name]) for name in SUPERVISIONS}
    write_json(options.out / "report.json", {"curves": curves})
    plots.draw_curves(
        curves,
        options.out / "supervision",
        x_label="labeled solutions of each problem",
        title="Problems solved by best of 64; bands: 95 % over seeds",
    )
    emit({"stage": "done", "rows": len(rows)})


def _curve(rows: Sequence[Row]) -> list[Row]:
    budgets = sorted({row["budget"] for row in rows})
    return [
        {"n": budget, **_interval([row["best_of_n"] for row in rows if row["budget"] == budget])} for budget in budgets
    ]


def _interval(values: Sequence[float]) -> Row:
    from active_learning.experiments.people import interval

    found = interval(values)
    # Of so few seeds it may reach beyond what a share can be.
    return {"value": found["mean"], "low": max(0.0, found["low"]), "high": min(1.0, found["high"])}


def _estimation(options: argparse.Namespace) -> None:
    from active_learning.experiments.estimation import Estimation, estimate

    _check_seeds(options.seeds)
    rows = []
    for seed in range(options.seeds):
        setting = Estimation(rollouts=options.rollouts, problems=options.problems, seed=seed)
        for row in estimate(setting):
            emit({"stage": "estimate", **row})
            rows.append(row)
    write_lines(options.out, rows)
    for rate, count in dict.fromkeys((row["completer_error_rate"], row["rollouts"]) for row in rows):
        some = [row for row in rows if (row["completer_error_rate"], row["rollouts"]) == (rate, count)]
        figures = {name: _interval([row[name] for row in some]) for name in ("hard_accuracy", "soft_accuracy")}
        emit({"stage": "interval", "completer_error_rate": rate, "rollouts": count, **figures})
    emit({"stage": "done", "rows": len(rows)})


def _check_seeds(seeds: int) -> None:
    if seeds < 2:
        raise ValueError("An interval over seeds needs at least two of them: --seeds 3.")
