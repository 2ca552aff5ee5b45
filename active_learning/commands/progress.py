"""didactic: questions to process advantage verifiers, answered where the truth is known."""

import argparse
from typing import Any

from active_learning.commands.arguments import emit, torch_command


def add(commands: Any) -> None:
    didactic = torch_command(
        commands, "didactic", _didactic, "say from when on a policy that is rewarded step by step is always right"
    )
    didactic.add_argument("--gammas", type=_numbers, default=(10.0,), help="how strong the provers are (default 10)")
    didactic.add_argument("--seeds", type=int, default=3)
    didactic.add_argument("--iterations", type=int, default=1000, help="of 64 responses each (default 1000)")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(sorted({float(number) for number in text.split(",")}))


def _didactic(options: argparse.Namespace) -> None:
    from active_learning.experiments.didactic import OUTCOME, Didactic, didactic

    gammas = (OUTCOME, *options.gammas)
    for line in didactic(Didactic(gammas, tuple(range(options.seeds)), options.iterations)):
        emit(line)
