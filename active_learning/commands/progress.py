"""didactic, search-compute, provers, pits, step-rewards: questions to process advantage verifiers, answered where the
truth is known."""

import argparse
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import command, emit, torch_command, whole_numbers, write_json

ARMS = ("prm", "orm", "prm_sum", "progress", "bare_q")


def add(commands: Any) -> None:
    didactic = torch_command(
        commands, "didactic", _didactic, "say from when on a policy that is rewarded step by step is always right"
    )
    didactic.add_argument("--gammas", type=_numbers, default=(10.0,), help="how strong the provers are (default 10)")
    didactic.add_argument("--seeds", type=int, default=3)
    didactic.add_argument("--iterations", type=int, default=1000, help="of 64 responses each (default 1000)")

    search = command(commands, "search-compute", _search, "say what a beam search by progress gains on the toy domain")
    search.add_argument("--out", type=Path, required=True, help="directory for alpha.json and report.json")
    search.add_argument("--problems", type=int, default=100, help="to choose α on, and as many to measure on")
    search.add_argument("--seeds", type=int, default=3, help="of the measurement")
    search.add_argument("--best-of", type=int, default=4, help="of the prover's solutions (default 4)")
    search.add_argument("--prover-error-rate", type=float, default=0.3, help="per step; the policy errs at .3")

    provers = command(commands, "provers", _provers, "say which best-of-k prover teaches the toy policy most")
    provers.add_argument("--problems", type=int, default=20)
    provers.add_argument("--solutions", type=int, default=10, help="of each, whose states are looked at")
    provers.add_argument("--error-rate", type=float, default=0.3, help="of the policy, per step")
    provers.add_argument("--seed", type=int, default=0)

    pits = torch_command(commands, "pits", _pits, "compare prefixes up to first pits with any, at equal rollouts")
    pits.add_argument("--seeds", type=int, default=5)
    pits.add_argument("--budgets", type=whole_numbers, default=(500, 1000, 2000, 4000), help="rollouts")
    pits.add_argument("--problems", type=int, default=40, help="to learn from, and as many others to measure on")

    rewards = torch_command(
        commands, "step-rewards", _step_rewards, "train a toy policy by PPO, rewarded at each step or at the end"
    )
    rewards.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS[:2], help="default: prm and orm")
    rewards.add_argument("--seeds", type=int, default=3)
    rewards.add_argument("--updates", type=int, default=50)
    rewards.add_argument("--batch", type=int, default=32, help="solutions an update")


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(sorted({float(number) for number in text.split(",")}))


def _didactic(options: argparse.Namespace) -> None:
    from active_learning.experiments.didactic import OUTCOME, Didactic, didactic

    gammas = (OUTCOME, *options.gammas)
    for line in didactic(Didactic(gammas, tuple(range(options.seeds)), options.iterations)):
        emit(line)


def _search(options: argparse.Namespace) -> None:
    from active_learning.experiments import searching

    verifiers = searching.ToyVerifiers(prover_error_rate=options.prover_error_rate, best_of=options.best_of)
    options.out.mkdir(parents=True, exist_ok=True)
    validation, *measured = (
        searching.toy_tasks(options.problems, verifiers, seed=seed) for seed in range(options.seeds + 1)
    )
    tuned = searching.tune(validation)
    write_json(options.out / "alpha.json", tuned)
    emit({"stage": "alpha", **tuned})
    guarded = searching.guard(validation, alphas=(0.5, 1.0, 5.0))
    for row in guarded:
        emit({"stage": "guard", **row})
    found = []
    for seed, tasks in enumerate(measured, start=1):
        curves = searching.equal_compute(tasks, alpha=tuned["best"], seed=seed)
        ratios = {
            f"{method} for {baseline}": searching.compute_ratio(curves[method], curves[baseline])
            for method, baseline in searching.COMPARED
        }
        found.append(
            {
                "seed": seed,
                "curves": {name: [*map(searching.Point._asdict, some)] for name, some in curves.items()},
                "ratios": ratios,
            }
        )
        emit({"stage": "equal compute", **found[-1]})
    write_json(options.out / "report.json", {"guard": guarded, "equal_compute": found})


def _provers(options: argparse.Namespace) -> None:
    from active_learning.experiments.provers import toy_provers

    rows = toy_provers(options.problems, options.solutions, error_rate=options.error_rate, seed=options.seed)
    for row in rows:
        emit({"stage": "provers", **row})


def _pits(options: argparse.Namespace) -> None:
    from active_learning.domains.toy import BASE_DIRECTORY
    from active_learning.experiments import pits

    setting = pits.Setting(options.budgets, problems=options.problems)
    for seed in range(options.seeds):
        for row in pits.pits(setting, BASE_DIRECTORY, seed=seed):
            emit({"stage": "pits", "seed": seed, **row})


def _step_rewards(options: argparse.Namespace) -> None:
    from active_learning.domains.toy import BASE_DIRECTORY
    from active_learning.experiments import step_rewards

    setting = step_rewards.Setting(updates=options.updates, batch=options.batch)
    for seed in range(options.seeds):
        arms = step_rewards.by_prover(setting)
        if not arms.keys() >= set(options.arms):
            arms |= step_rewards.by_reward_models(setting, BASE_DIRECTORY, seed=seed)
        for name in options.arms:
            lines = list(step_rewards.train(arms[name], setting, seed=seed))
            for line in lines:
                emit({"stage": "update", "arm": name, "seed": seed, **line})
            emit({"stage": "arm", "arm": name, "seed": seed, **step_rewards.summary(lines)})
