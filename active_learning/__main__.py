"""The science from a shell, on files: python -m active_learning train|score|select|evaluate|next-steps|…

Progress is JSON Lines on standard output, so that a supervising process can show it; what went wrong is one sentence
on standard error. Exit codes: 0 done, 1 these inputs cannot be used, 2 wrong arguments.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from active_learning import config, select
from active_learning.domains import toy
from active_learning.strict_json import Fields, load_json


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except (ValueError, OSError) as error:  # our refusals are ValueErrors with a sentence for people
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def emit(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m active_learning", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_training(commands)
    _add_selection(commands)
    _add_toy_domain(commands)
    return parser


def _add_training(commands: Any) -> None:
    train = _torch_command(commands, "train", _train, "train a PRM on PRM800K lines and publish a checkpoint")
    train.add_argument("--records", type=Path, required=True, help="PRM800K JSON Lines")
    train.add_argument("--out", type=Path, required=True, help="checkpoint directory; must not exist")
    train.add_argument("--config", type=Path, help="training configuration, JSON")
    train.add_argument("--base", help="directory of a causal language model, or toy")
    train.add_argument("--mode", choices=("full", "probe"))
    train.add_argument("--seed", type=int)

    score = _torch_command(commands, "score", _score, "score the steps of solutions")
    score.add_argument("--checkpoint", type=Path, required=True)
    score.add_argument("--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "steps"}')
    score.add_argument("--out", type=Path, required=True)
    score.add_argument("--base", help="where a probe's base model is now, if it was moved")
    score.add_argument("--device", default=None, help="default: the GPU where there is one")

    evaluate = _torch_command(commands, "evaluate", _evaluate, "measure a checkpoint on labeled solutions")
    evaluate.add_argument("--checkpoint", type=Path, required=True)
    evaluate.add_argument("--records", type=Path, required=True, help="PRM800K JSON Lines")
    evaluate.add_argument("--base", help="where a probe's base model is now, if it was moved")


def _add_selection(commands: Any) -> None:
    choose = _command(commands, "select", _select, "choose solutions to label, problem by problem")
    choose.add_argument(
        "--candidates", type=Path, required=True, help='JSON Lines {"id", "problem", "score", "is_correct"}'
    )
    choose.add_argument("--out", type=Path, required=True)
    choose.add_argument("--n", type=int, required=True, help="solutions of each problem")
    choose.add_argument("--wrong-share", type=float, default=0.8)
    choose.add_argument("--random-share", type=float, default=0.0)
    choose.add_argument("--injected-share", type=float, default=0.0, help="of correct ones, mixed in")
    choose.add_argument("--strategy", choices=("convincing_wrong", "uncertain", "random"), default="convincing_wrong")
    choose.add_argument("--seed", type=int, default=0)

    compare = _torch_command(commands, "compare", _compare, "say whether a new selector may replace the one in use")
    compare.add_argument("--candidate", type=Path, required=True, help="checkpoint of the new selector")
    compare.add_argument("--active", type=Path, required=True, help="checkpoint of the one in use")
    compare.add_argument("--records", type=Path, required=True, help="PRM800K JSON Lines; the held-out part is read")
    compare.add_argument("--solutions", type=Path, required=True, help='JSON Lines {"id", "problem", "steps"}')
    compare.add_argument("--auc-tolerance", type=float, required=True, help="the step AUC may fall by this")
    compare.add_argument("--least-agreement", type=float, required=True, help="the least rank correlation")
    compare.add_argument("--out", type=Path, required=True)

    next_steps = _torch_command(commands, "next-steps", _next_steps, "sample next steps after the steps so far")
    next_steps.add_argument("--generator", required=True, help="directory of a causal language model, or toy")
    next_steps.add_argument("--problem", required=True, help="its text")
    next_steps.add_argument("--prefix", type=Path, help='the steps so far, JSON Lines {"step"}; default: none')
    next_steps.add_argument("--count", type=int, default=4)
    next_steps.add_argument("--seed", type=int, default=0)
    next_steps.add_argument("--temperature", type=float, default=1.0)


def _add_toy_domain(commands: Any) -> None:
    pretrain = _torch_command(commands, "pretrain", _pretrain, "train the toy domain's small base model")
    pretrain.add_argument("--out", type=Path, required=True)
    pretrain.add_argument("--steps", type=int)
    pretrain.add_argument("--seed", type=int, default=0)

    write = _command(commands, "toy", _toy, "write toy problems and solutions, ready for import")
    write.add_argument("--out", type=Path, required=True, help="directory for problems.jsonl and solutions.jsonl")
    write.add_argument("--problems", type=int, default=40)
    write.add_argument("--solutions", type=int, default=20, help="of each problem")
    write.add_argument("--error-rate", type=float, default=0.12)
    write.add_argument("--seed", type=int, default=0)

    simulate = _torch_command(commands, "simulate", _simulate, "run the whole loop with an oracle for labeler")
    simulate.add_argument("--out", type=Path, required=True)
    simulate.add_argument("--seeds", type=int, default=3)
    simulate.add_argument("--generations", type=int, default=3)
    simulate.add_argument("--label-noise", type=float, default=0.0)
    simulate.add_argument("--uniform", action="store_true", help="choose at random in every generation")
    simulate.add_argument("--base", default="toy")


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _torch_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], text: str
) -> argparse.ArgumentParser:
    """A command that loads torch, first of all on the number of threads asked for."""

    def run_on_threads(options: argparse.Namespace) -> None:
        import torch

        torch.set_num_threads(options.threads)
        run(options)

    command = _command(commands, name, run_on_threads, text)
    # Threads that wait for each other on a busy machine made a small model a hundred times slower.
    command.add_argument("--threads", type=int, default=1, help="of the CPU; more only for large models (default 1)")
    return command


def _train(options: argparse.Namespace) -> None:
    from active_learning.train import train

    settings = config.read(options.config.read_text()) if options.config else config.TrainConfig()
    given = {name: getattr(options, name) for name in ("base", "mode", "seed") if getattr(options, name) is not None}
    meta = train(options.records, replace(settings, **given), options.out, progress=emit)
    emit({"stage": "done", "counts": meta["counts"], "metrics": meta["metrics"]})


def _score(options: argparse.Namespace) -> None:
    from active_learning import checkpoint, score

    loaded = checkpoint.load(options.checkpoint, base=options.base, device=options.device)
    report = score.score_file(loaded, options.solutions, options.out, progress=emit)
    emit({"stage": "done", "scored": report.scored, "too_long": report.too_long})


@dataclass(frozen=True, eq=False)
class _Candidate:
    id: int | str
    score: float | None
    is_correct: bool | None


def _select(options: argparse.Namespace) -> None:
    by_problem: dict[int | str, list[_Candidate]] = {}
    with options.candidates.open("rb") as lines:
        for row in (Fields(load_json(line)) for line in lines):
            candidate = _Candidate(
                row.take("id", int, str), row.take("score", float, None), row.take("is_correct", bool, None)
            )
            by_problem.setdefault(row.take("problem", int, str), []).append(candidate)
    picks = select.per_problem(
        by_problem,
        options.n,
        rules=select.Rules(options.strategy, options.wrong_share, options.random_share, options.injected_share),
        rng=Random(options.seed),
    )
    rows = [{"id": pick.candidate.id, "rank": pick.rank, "arm": pick.arm} for some in picks.values() for pick in some]
    _write_lines(options.out, rows)
    warning = select.diversity_warning(len(rows), sum(map(len, by_problem.values())))
    emit({"stage": "done", "selected": len(rows), "warning": warning})


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
    temporary = options.out.with_name(options.out.name + ".tmp")
    temporary.write_text(json.dumps(found) + "\n")
    temporary.rename(options.out)
    emit({"stage": "done", **found})


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


def _pretrain(options: argparse.Namespace) -> None:
    from active_learning.pretrain import PretrainConfig, pretrain

    settings = PretrainConfig(seed=options.seed)
    meta = pretrain(replace(settings, steps=options.steps or settings.steps), options.out, progress=emit)
    emit({"stage": "done", **meta})


def _toy(options: argparse.Namespace) -> None:
    rng = Random(options.seed)
    problems = list(toy.problems(options.problems, rng=rng))
    options.out.mkdir(parents=True, exist_ok=True)
    _write_lines(options.out / "problems.jsonl", problems)
    solutions = (
        solution
        for problem in problems
        for solution in toy.solutions(problem, options.solutions, rng=rng, error_rate=options.error_rate)
    )
    _write_lines(options.out / "solutions.jsonl", solutions)
    emit({"stage": "done", "problems": len(problems), "solutions": len(problems) * options.solutions})


def _simulate(options: argparse.Namespace) -> None:
    from active_learning.simulate import Simulation, simulate

    for seed in range(options.seeds):
        setting = Simulation(
            generations=options.generations, label_noise=options.label_noise, uniform=options.uniform, seed=seed
        )
        for line in simulate(setting, config.TrainConfig(base=options.base), options.out / f"seed-{seed}"):
            emit({"stage": "simulate", **line})


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
