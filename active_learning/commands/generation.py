"""next-steps, solutions, roll-out: what a generator would say after the steps so far, and to the end."""

import argparse
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import GENERATOR, add_sampling, emit, emit_done, terms_of, torch_command
from active_learning.strict_json import Fields, load_json


def add(commands: Any) -> None:
    next_steps = torch_command(commands, "next-steps", _next_steps, "sample next steps after the steps so far")
    next_steps.add_argument("--generator", required=True, help=GENERATOR)
    next_steps.add_argument("--problem", required=True, help="its text")
    next_steps.add_argument("--prefix", type=Path, help='the steps so far, JSON Lines {"step"}; default: none')
    next_steps.add_argument("--count", type=int, default=4)
    next_steps.add_argument("--seed", type=int, default=0)
    next_steps.add_argument("--temperature", type=float, default=1.0)
    _add_solutions(commands)
    _add_roll_out(commands)


def _add_solutions(commands: Any) -> None:
    solutions = torch_command(
        commands, "solutions", _solutions, "sample solutions of problems; killed and started again it goes on"
    )
    solutions.add_argument("--generator", required=True, help=GENERATOR)
    solutions.add_argument("--problems", type=Path, required=True, help='JSON Lines {"problem", "unique_id"}')
    solutions.add_argument(
        "--out", type=Path, required=True, help="file of solutions, ready for import; must not exist"
    )
    solutions.add_argument("--per-problem", type=int, default=8, help="solutions of each problem (default 8)")
    solutions.add_argument("--name", default="", help="of the generator in the file (default: its folder's or model's)")
    add_sampling(solutions, "solution", most=1024)


def _add_roll_out(commands: Any) -> None:
    roll_out = torch_command(
        commands, "roll-out", _roll_out, "label every step by where continuations end; started again it goes on"
    )
    roll_out.add_argument("--generator", required=True, help=f"the completer: {GENERATOR}")
    roll_out.add_argument(
        "--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "truth", "steps", "answer"}'
    )
    roll_out.add_argument("--out", type=Path, required=True, help="file of automatic labels; must not exist")
    roll_out.add_argument("--rollouts", type=int, default=8, help="from each prefix (default 8)")
    roll_out.add_argument("--from-start", action="store_true", help="from the bare problem too, for advantages")
    roll_out.add_argument("--search", action="store_true", help="only as far as the first bad step needs")
    add_sampling(roll_out, "rollout", most=1024)


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


def _solutions(options: argparse.Namespace) -> None:
    from active_learning.solution_files import SampleJob, sample_file

    job = SampleJob(
        generator=options.generator,
        problems=options.problems,
        out_path=options.out,
        per_problem=options.per_problem,
        seed=options.seed,
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
        name=options.name,
        budget=options.budget,
        terms=terms_of(options),
    )
    emit_done(sample_file(job, progress=emit))


def _roll_out(options: argparse.Namespace) -> None:
    from active_learning.rollout_files import RollOutJob, roll_out_file
    from active_learning.rollouts import Rollouts

    setting = Rollouts(
        count=options.rollouts,
        seed=options.seed,
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
        from_start=options.from_start,
        search=options.search,
    )
    job = RollOutJob(
        options.generator, options.solutions, options.out, setting, budget=options.budget, terms=terms_of(options)
    )
    emit_done(roll_out_file(job, progress=emit))
