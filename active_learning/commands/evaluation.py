"""evaluate, compare: how good a model is, alone and beside the one in use."""

import argparse
import sys
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import emit, torch_command, write_json


def add(commands: Any) -> None:
    evaluate = torch_command(commands, "evaluate", _evaluate, "measure a checkpoint on labeled solutions")
    evaluate.add_argument("--checkpoint", type=Path, required=True)
    evaluate.add_argument("--records", type=Path, required=True, help="PRM800K JSON Lines")
    evaluate.add_argument("--base", help="where a probe's base model is now, if it was moved")

    compare = torch_command(commands, "compare", _compare, "say whether a new selector may replace the one in use")
    compare.add_argument("--candidate", type=Path, required=True, help="checkpoint of the new selector")
    compare.add_argument("--active", type=Path, required=True, help="checkpoint of the one in use")
    compare.add_argument("--records", type=Path, required=True, help="PRM800K JSON Lines; the held-out part is read")
    compare.add_argument("--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "steps"}')
    compare.add_argument("--auc-tolerance", type=float, required=True, help="the step AUC may fall by this")
    compare.add_argument("--least-agreement", type=float, required=True, help="the least rank correlation")
    compare.add_argument("--out", type=Path, required=True)


def _evaluate(options: argparse.Namespace) -> None:
    from active_learning import checkpoint, train

    emit(
        {
            "stage": "done",
            "metrics": train.evaluate_file(checkpoint.load(options.checkpoint, base=options.base), options.records),
        }
    )


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
