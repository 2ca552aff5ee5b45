"""evaluate, compare: how good a model is, alone and beside the one in use."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from active_learning.commands.arguments import emit, torch_command, write_json
from active_learning.config import Neutral
from active_learning.score import Reduction

if TYPE_CHECKING:
    from active_learning.checkpoint import Checkpoint


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
    group.add_argument("--ns", type=_numbers, help="numbers of samples to choose from: 1,4,16 (default: powers of two)")
    group.add_argument("--reduction", choices=get_args(Reduction), default="product", help="of steps to one score")
    group.add_argument("--neutral", choices=get_args(Neutral), default="positive", help="what a neutral step counts as")
    group.add_argument("--draws", type=int, default=200, help="random subsets for the votes (default 200)")
    group.add_argument("--trials", type=int, default=0, help="of PRM800K's own evaluation, beside the exact value")
    group.add_argument("--seed", type=int, default=0)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(number) for number in text.split(",")}))


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
    metrics = train.evaluate_file(loaded, options.records)
    if options.out:
        _write_calibration(loaded, metrics, options)
    emit({"stage": "done", "metrics": metrics})


def _write_calibration(loaded: "Checkpoint", metrics: dict[str, Any], options: argparse.Namespace) -> None:
    from active_learning import plots, targets, train
    from active_learning.evaluate import Judged
    from active_learning.evaluate.calibration import first_error_sweep, step_calibration

    rows, _ = train.read_rows(options.records, loaded.config)
    items, _ = targets.encode_rows(rows, loaded.tokenizer, loaded.config.max_len)
    judged = train.judge(loaded.model, items, loaded.tokenizer.pad_token_id, loaded.config)
    is_orm = loaded.config.kind == "orm"
    if is_orm:  # its last prediction is the one that counts
        judged = [Judged(one.probabilities[-1:], one.ratings[-1:]) for one in judged]
    # A first error is what a solution has, not an alternative to one of its steps.
    whole = [one for one, item in zip(judged, items, strict=True) if item.is_whole]
    calibration = step_calibration(judged)
    options.out.mkdir(parents=True, exist_ok=True)
    report = {"metrics": metrics, "calibration": calibration, "sweep": first_error_sweep(whole)}
    write_json(options.out / "report.json", report)
    if calibration["count"]:
        plots.draw_calibration(calibration, f"that the {'answer' if is_orm else 'step'} is right", options.out)


def _compare(options: argparse.Namespace) -> None:
    from active_learning import checkpoint, compare, score

    try:
        active = checkpoint.load(options.active)
    except (checkpoint.CheckpointError, ValueError, OSError) as trouble:
        sys.stdout.write(f"The selector in use cannot be read any more: {trouble}\n")
        found: dict[str, Any] = {"promote": True, "because": "gone"}
    else:
        found = compare.compare(
            checkpoint.load(options.candidate),
            active,
            records=options.records,
            solutions=list(score.read_solutions(options.solutions)),
            tolerance=compare.Tolerance(options.auc_tolerance, options.least_agreement),
        )
    write_json(options.out, found)
    emit({"stage": "done", **found})
