"""evaluate, compare: how good a model is, alone and beside the one in use."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from active_learning.commands.arguments import emit, torch_command, whole_numbers, write_json
from active_learning.config import Neutral
from active_learning.score import Reduction

if TYPE_CHECKING:
    from active_learning.train import JudgedFile


def add(commands: Any) -> None:
    evaluate = torch_command(commands, "evaluate", _evaluate, "measure a checkpoint on labeled solutions")
    of_what = evaluate.add_mutually_exclusive_group(required=True)
    of_what.add_argument("--checkpoint", type=Path, help="a model, measured on the labels of --records")
    of_what.add_argument("--samples", type=Path, help="scored samples, JSON Lines: what choosing among them gains")
    evaluate.add_argument("--records", type=Path, help="PRM800K JSON Lines")
    evaluate.add_argument("--base", help="where a probe's base model is now, if it was moved")
    evaluate.add_argument("--out", type=Path, help="directory for report.json and the pictures")
    _add_sample_options(evaluate.add_argument_group("with --samples"))

    compare = torch_command(commands, "compare", _compare, "say whether a new selector may replace the one in use")
    compare.add_argument("--candidate", type=Path, required=True, help="checkpoint of the new selector")
    compare.add_argument("--active", type=Path, required=True, help="checkpoint of the one in use")
    compare.add_argument("--records", type=Path, required=True, help="PRM800K JSON Lines; the held-out part is read")
    compare.add_argument("--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "steps"}')
    compare.add_argument("--auc-tolerance", type=float, required=True, help="the step AUC may fall by this")
    compare.add_argument("--least-agreement", type=float, required=True, help="the least rank correlation")
    compare.add_argument("--out", type=Path, required=True)


def _add_sample_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--ns", type=whole_numbers, help="numbers of samples to choose from: 1,4,16 (default: powers of two)"
    )
    group.add_argument("--reduction", choices=get_args(Reduction), default="product", help="of steps to one score")
    group.add_argument("--neutral", choices=get_args(Neutral), default="positive", help="what a neutral step counts as")
    group.add_argument("--draws", type=int, default=200, help="random subsets for the votes (default 200)")
    group.add_argument("--trials", type=int, default=0, help="of PRM800K's own evaluation, beside the exact value")
    group.add_argument("--seed", type=int, default=0)


def _evaluate(options: argparse.Namespace) -> None:
    if options.samples:
        _evaluate_samples(options)
    elif options.records:
        _evaluate_checkpoint(options)
    else:
        raise ValueError("A checkpoint is measured on labels: give them with --records.")


def _evaluate_samples(options: argparse.Namespace) -> None:
    from active_learning.evaluate import curves, diagnostics, report, samples

    problems = samples.read_samples(options.samples)
    choice = curves.Choice(
        ns=options.ns or curves.powers_of_two(problems),
        reduction=options.reduction,
        neutral=options.neutral,
        draws=options.draws,
        seed=options.seed,
    )
    found = report.report(problems, choice, trials=options.trials)
    found["disagreements"] = diagnostics.with_texts(found["disagreements"], options.samples)
    for name, table in found.items():
        emit({"stage": "evaluate", "table": name, "rows": table})
    if options.out:
        from active_learning import plots

        options.out.mkdir(parents=True, exist_ok=True)
        write_json(options.out / "report.json", found)
        plots.draw(found, options.out)
    emit({"stage": "done", "counts": found["counts"]})


def _evaluate_checkpoint(options: argparse.Namespace) -> None:
    from active_learning import checkpoint, train

    loaded = checkpoint.load(options.checkpoint, base=options.base)
    judged = train.judge_file(loaded, options.records)
    metrics = {**train.figures_of(judged, loaded.meta["metrics"]["threshold"]), **judged.counts}
    if options.out:
        _write_calibration(judged, metrics, options.out, of_what="answer" if loaded.config.kind == "orm" else "step")
    emit({"stage": "done", "metrics": metrics})


def _write_calibration(judged: "JudgedFile", metrics: dict[str, Any], out: Path, *, of_what: str) -> None:
    from active_learning import plots
    from active_learning.evaluate.calibration import first_error_sweep, step_calibration

    calibration = step_calibration(judged.everything)
    out.mkdir(parents=True, exist_ok=True)
    report = {"metrics": metrics, "calibration": calibration, "sweep": first_error_sweep(judged.whole)}
    write_json(out / "report.json", report)
    if calibration["count"]:
        plots.draw_calibration(calibration, f"that the {of_what} is right", out)


def _compare(options: argparse.Namespace) -> None:
    from active_learning import base_model, checkpoint, compare, score

    candidate = checkpoint.load(options.candidate)  # first: what cannot be read takes nobody's place
    try:
        active = checkpoint.load(options.active)
    except (checkpoint.CheckpointError, base_model.ModelError, FileNotFoundError) as trouble:
        sys.stdout.write(f"The selector in use cannot be read any more: {trouble}\n")
        found: dict[str, Any] = {"promote": True, "because": "gone"}
    else:
        found = compare.compare(
            candidate,
            active,
            records=options.records,
            solutions=list(score.read_solutions(options.solutions)),
            tolerance=compare.Tolerance(options.auc_tolerance, options.least_agreement),
        )
    write_json(options.out, found)
    emit({"stage": "done", **found})
