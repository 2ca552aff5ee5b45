"""pretrain, toy, simulate: the built-in domain with its oracle."""

import argparse
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from active_learning import config
from active_learning.commands.arguments import command, emit, torch_command, write_lines
from active_learning.domains import toy


def add(commands: Any) -> None:
    pretrain = torch_command(commands, "pretrain", _pretrain, "train a small model of the toy domain")
    pretrain.add_argument("--model", choices=("base", "writer"), default="base", help="which is read, or which writes")
    pretrain.add_argument("--out", type=Path, required=True)
    pretrain.add_argument("--steps", type=int)
    pretrain.add_argument("--seed", type=int, default=0)

    write = command(commands, "toy", _toy, "write toy problems and solutions, ready for import")
    write.add_argument("--out", type=Path, required=True, help="directory for problems.jsonl and solutions.jsonl")
    write.add_argument("--problems", type=int, default=40)
    write.add_argument("--solutions", type=int, default=20, help="of each problem")
    write.add_argument("--error-rate", type=float, default=toy.ERROR_RATE)
    write.add_argument("--seed", type=int, default=0)

    simulate = torch_command(commands, "simulate", _simulate, "run the whole loop with an oracle for labeler")
    simulate.add_argument("--out", type=Path, required=True)
    simulate.add_argument("--seeds", type=int, default=3)
    simulate.add_argument("--generations", type=int, default=3)
    simulate.add_argument("--label-noise", type=float, default=0.0)
    simulate.add_argument("--uniform", action="store_true", help="choose at random in every generation")
    simulate.add_argument("--problems", type=int, default=32)
    simulate.add_argument("--labels", type=int, default=1, help="solutions of each problem that a generation labels")
    simulate.add_argument("--config", type=Path, help="training configuration, JSON")


def _pretrain(options: argparse.Namespace) -> None:
    from active_learning.pretrain import MODELS, pretrain

    usual = MODELS[options.model].config
    settings = replace(usual, steps=options.steps or usual.steps, seed=options.seed)
    meta = pretrain(settings, options.out, progress=emit, name=options.model)
    emit({"stage": "done", **meta})


def _toy(options: argparse.Namespace) -> None:
    rng = Random(options.seed)
    problems = list(toy.problems(options.problems, rng=rng))
    options.out.mkdir(parents=True, exist_ok=True)
    write_lines(options.out / "problems.jsonl", problems)
    solutions = (
        solution
        for problem in problems
        for solution in toy.solutions(problem, options.solutions, rng=rng, error_rate=options.error_rate)
    )
    write_lines(options.out / "solutions.jsonl", solutions)
    emit({"stage": "done", "problems": len(problems), "solutions": len(problems) * options.solutions})


def _simulate(options: argparse.Namespace) -> None:
    from active_learning.simulate import Simulation, simulate

    training = config.read(options.config.read_text()) if options.config else config.TrainConfig()
    for seed in range(options.seeds):
        setting = Simulation(
            problems=options.problems,
            labels_per_problem=options.labels,
            generations=options.generations,
            label_noise=options.label_noise,
            uniform=options.uniform,
            seed=seed,
        )
        for line in simulate(setting, training, options.out / f"seed-{seed}"):
            emit({"stage": "simulate", **line})
