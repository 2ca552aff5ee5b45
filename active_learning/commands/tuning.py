"""tune-format: a language model that writes a step a line, from one that only can."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import emit, torch_command


def add(commands: Any) -> None:
    tune = torch_command(
        commands,
        "tune-format",
        _tune_format,
        "teach a language model to write a step a line, by its own right solutions",
    )
    tune.add_argument("--base", required=True, help="directory of a causal language model, or toy-writer")
    tune.add_argument(
        "--problems",
        type=Path,
        required=True,
        help='JSON Lines {"problem", "answer"}, some with a worked "solution" or "steps"; those of "split" "test" only measure',
    )
    tune.add_argument("--out", type=Path, required=True, help="directory of the tuned model; must not exist")
    tune.add_argument("--samples", type=int, help="few-shot, of each training problem (default 16)")
    tune.add_argument("--shots", type=int, help="worked examples before each (default 3)")
    tune.add_argument("--temperature", type=float, help="(default 1.0)")
    tune.add_argument("--max-new-tokens", type=int, help="of a solution (default 1024)")
    tune.add_argument("--held-out", type=float, help="share of the problems to measure on (default .2)")
    tune.add_argument("--measured", type=int, help="samples of each of these, before and after (default 8)")
    tune.add_argument("--lr", type=float, help="learning rate (default 1e-5; a very small model wants more)")
    tune.add_argument("--batch-tokens", type=int, help="of one step of training, with padding (default 4096)")
    tune.add_argument("--seed", type=int, help="(default 0)")


def _tune_format(options: argparse.Namespace) -> None:
    from active_learning.format_tuning import FormatTuning, tune_format

    names = [field.name for field in fields(FormatTuning)]
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    meta = tune_format(options.base, options.problems, options.out, FormatTuning(**given), progress=emit)
    emit({"stage": "done", **{name: meta[name] for name in ("counts", "before", "after")}})
