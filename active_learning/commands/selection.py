"""select: which solutions people label next."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from active_learning import select
from active_learning.commands.arguments import command, emit, positive, write_lines
from active_learning.strict_json import Fields, load_json, read_lines


def add(commands: Any) -> None:
    choose = command(commands, "select", _select, "choose solutions to label, problem by problem")
    choose.add_argument(
        "--candidates", type=Path, required=True, help='JSON Lines {"id", "problem", "score", "is_correct"}'
    )
    choose.add_argument("--out", type=Path, required=True)
    choose.add_argument("--n", type=positive, required=True, help="solutions of each problem")
    choose.add_argument("--wrong-share", type=float, default=0.8)
    choose.add_argument("--random-share", type=float, default=0.0)
    choose.add_argument("--injected-share", type=float, default=0.0, help="of correct ones, mixed in")
    choose.add_argument("--strategy", choices=("convincing_wrong", "uncertain", "random"), default="convincing_wrong")
    choose.add_argument("--seed", type=int, default=0)


@dataclass(frozen=True, eq=False)
class _Candidate:
    id: int | str
    score: float | None
    is_correct: bool | None


def _read_candidate(line: bytes) -> tuple[int | str, _Candidate]:
    row = Fields(load_json(line))
    score, is_correct = row.take("score", float, None), row.take("is_correct", bool, None)
    return row.take("problem", int, str), _Candidate(row.take("id", int, str), score, is_correct)


def _select(options: argparse.Namespace) -> None:
    by_problem: dict[int | str, list[_Candidate]] = {}
    for problem, candidate in read_lines(options.candidates, _read_candidate):
        by_problem.setdefault(problem, []).append(candidate)
    picks = select.per_problem(
        by_problem,
        options.n,
        rules=select.Rules(options.strategy, options.wrong_share, options.random_share, options.injected_share),
        rng=Random(options.seed),
    )
    rows = [{"id": pick.candidate.id, "rank": pick.rank, "arm": pick.arm} for some in picks.values() for pick in some]
    write_lines(options.out, rows)
    warning = select.diversity_warning(len(rows), sum(map(len, by_problem.values())))
    emit({"stage": "done", "selected": len(rows), "warning": warning})
