"""efficiency, people, rivals, behaviour: questions to the method, answered on labels that are known beforehand."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, get_args

from active_learning.commands.arguments import command, emit, torch_command, whole_numbers, write_json, write_lines
from active_learning.config import Precision, TrainConfig

if TYPE_CHECKING:
    from active_learning.experiments.efficiency import Row
    from active_learning.experiments.known import Known


def add(commands: Any) -> None:
    efficiency = torch_command(
        commands, "efficiency", _efficiency, "say how many labels it saves to choose what is labeled"
    )
    efficiency.add_argument(
        "--out", type=Path, required=True, help="directory for rows.jsonl, report.json and a picture"
    )
    efficiency.add_argument("--records", type=Path, help="PRM800K lines to replay; default: the toy domain's oracle")
    efficiency.add_argument("--base", default="toy", help="directory of the frozen base model")
    _add_features(efficiency)
    efficiency.add_argument(
        "--budgets", type=whole_numbers, help="labeled solutions: of each toy problem, or of all records"
    )
    efficiency.add_argument("--more-random", type=whole_numbers, default=(), help="budgets of random labels only")
    efficiency.add_argument(
        "--first", type=int, help="of the labels, drawn at random for the first selector (default 1; of all records 25)"
    )
    efficiency.add_argument("--retrain", action="store_true", help="the selector at every budget, as rounds do")
    efficiency.add_argument("--seeds", type=int, default=5)
    efficiency.add_argument("--label-noise", type=float, default=0.0, help="share of step ratings that are wrong")
    efficiency.add_argument("--problems", type=int, default=16, help="toy problems to label solutions of")
    efficiency.add_argument("--pool", type=int, default=100, help="solutions of each toy problem")
    efficiency.add_argument("--error-rate", type=float, default=0.12, help="of the toy generator, per step")

    people = torch_command(commands, "people", _people, "compare a PRM with a bag of words on what people rated")
    people.add_argument("--records", type=Path, required=True, help="PRM800K lines")
    people.add_argument("--base", required=True, help="directory of the frozen base model")
    _add_features(people)
    people.add_argument("--weight-decay", type=float, help="of the probe")
    people.add_argument("--seeds", type=int, default=5)

    rivals = torch_command(commands, "rivals", _rivals, "let a PRM and an ORM choose among samples of the toy domain")
    rivals.add_argument("--out", type=Path, required=True, help="scored samples, for evaluate --samples")
    rivals.add_argument("--seeds", type=int, default=3)
    rivals.add_argument("--problems", type=int, default=60, help="measured on, for each seed")
    rivals.add_argument("--samples", type=int, default=64, help="of each")

    behaviour = command(commands, "behaviour", _behaviour, "say how often simulated cheats are told from honest people")
    behaviour.add_argument("--seeds", type=int, default=100)


def _add_features(command: argparse.ArgumentParser) -> None:
    command.add_argument("--precision", choices=get_args(Precision), default="fp32", help="of the base model")
    command.add_argument("--features", type=Path, help="a file that keeps what the base model says, for the next time")


def _efficiency(options: argparse.Namespace) -> None:
    from active_learning import plots
    from active_learning.experiments.efficiency import METRICS, Replay, compare, curves, replay

    options.out.mkdir(parents=True, exist_ok=True)
    budgets = options.budgets or ((50, 100, 200, 400) if options.records else (2, 4, 8, 16))
    first = options.first or (25 if options.records else 1)
    rows: list[Row] = []
    for seed, pool, validation, measured in _pools(options):
        setting = Replay(
            budgets,
            options.more_random,
            first=first,
            retrain=options.retrain,
            label_noise=options.label_noise,
            seed=seed,
        )
        for row in replay(pool, validation, measured, setting, TrainConfig()):
            emit({"stage": "replay", **row})
            rows.append(row)
        write_lines(options.out / "rows.jsonl", rows)
    strategies = sorted({row["strategy"] for row in rows} - {"random"})
    comparisons = [
        compare(rows, metric, unit, strategy, Random(0))
        for metric in METRICS
        for unit in ("solutions", "steps")
        for strategy in strategies
    ]
    for found in comparisons:
        emit({"stage": "compare", **found})
    points = curves(rows)
    write_json(options.out / "report.json", {"curves": points, "comparisons": comparisons})
    plots.draw_efficiency(points, options.out)
    emit({"stage": "done", "rows": len(rows)})


def _pools(
    options: argparse.Namespace,
) -> Iterator[tuple[int, dict[str, list["Known"]], list["Known"], list["Known"]]]:
    """For each seed the pool, by groups that are chosen from one by one, and what is validated and measured on."""
    from active_learning import vocabulary
    from active_learning.experiments import known

    base = vocabulary.base_directory(options.base)
    if options.records:
        whole = [one for one in known.human_solutions(options.records) if one.is_whole]
        people = known.with_features(whole, base, precision=options.precision, kept=options.features)
        for seed in range(options.seeds):
            parts = known.split(people, Random(seed))
            yield seed, {"everything": parts.pool}, parts.validation, parts.measured
        return
    for seed in range(options.seeds):
        rng = Random(seed)
        sizes = ((options.problems, options.pool), (30, 6), (60, 64))
        drawn = known.toy_solutions(sizes, error_rate=options.error_rate, rng=rng)
        pool, validation, measured = (known.with_features(some, base) for some in drawn)
        yield seed, known.by_problem(pool), validation, measured


def _people(options: argparse.Namespace) -> None:
    from active_learning import vocabulary
    from active_learning.experiments import known, people

    if options.seeds < 2:
        raise ValueError("An interval over seeds needs at least two of them: --seeds 5.")
    solutions = known.with_features(
        known.human_solutions(options.records),
        vocabulary.base_directory(options.base),
        precision=options.precision,
        kept=options.features,
    )
    methods = {
        "prm": people.prm(TrainConfig(weight_decay=options.weight_decay)),
        "bag_of_words": people.bag_of_words,
        "chance": people.chance,
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    for seed in range(options.seeds):
        some_folds = people.folds(solutions, seed)
        for name, method in methods.items():
            found[name].append(people.figures(method, some_folds, seed))
            emit({"stage": "people", "method": name, "seed": seed, **found[name][-1]})
    for name, rows in found.items():
        of_seeds = {metric: people.interval([row[metric] for row in rows]) for metric in rows[0]}
        emit({"stage": "interval", "method": name, **of_seeds})
    emit({"stage": "done", "solutions": sum(one.solution.is_whole for one in solutions), "rated": len(solutions)})


def _rivals(options: argparse.Namespace) -> None:
    from active_learning import vocabulary
    from active_learning.experiments.rivals import Rivalry, rivals

    base = vocabulary.base_directory("toy")
    temporary = options.out.with_name(options.out.name + ".tmp")
    written = 0
    with temporary.open("w") as out:
        for seed in range(options.seeds):
            setting = Rivalry(measured_problems=options.problems, samples=options.samples, seed=seed)
            for line in rivals(setting, TrainConfig(), base):
                out.write(json.dumps(line) + "\n")
                written += 1
            emit({"stage": "rivals", "done": seed + 1, "total": options.seeds})
    temporary.rename(options.out)
    emit({"stage": "done", "samples": written})


def _behaviour(options: argparse.Namespace) -> None:
    from active_learning.experiments import cheats

    for kind, found in cheats.count(range(options.seeds)).items():
        emit({"kind": kind, **found})
