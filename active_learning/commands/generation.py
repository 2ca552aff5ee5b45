"""next-steps: what a generator would say after the steps so far."""

import argparse
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import emit, torch_command
from active_learning.strict_json import Fields, load_json


def add(commands: Any) -> None:
    next_steps = torch_command(commands, "next-steps", _next_steps, "sample next steps after the steps so far")
    next_steps.add_argument("--generator", required=True, help="directory of a causal language model, or toy")
    next_steps.add_argument("--problem", required=True, help="its text")
    next_steps.add_argument("--prefix", type=Path, help='the steps so far, JSON Lines {"step"}; default: none')
    next_steps.add_argument("--count", type=int, default=4)
    next_steps.add_argument("--seed", type=int, default=0)
    next_steps.add_argument("--temperature", type=float, default=1.0)


def _next_steps(options: argparse.Namespace) -> None:
    from active_learning import generate

    lines = options.prefix.read_bytes().splitlines() if options.prefix else []
    found = generate.next_steps(
        generator=options.generator,
        problem=options.problem,
        prefix=[Fields(load_json(line)).take("step", str) for line in lines],
        count=options.count,
        seed=options.seed,
        temperature=options.temperature,
    )
    for step in found.steps:
        emit({"step": step})
    emit({"stage": "done", "steps": len(found.steps), "incomplete": found.incomplete, "unusable": found.unusable})
