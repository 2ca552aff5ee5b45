"""beam-search: solutions that a reward model leads a generator to."""

import argparse
from pathlib import Path
from typing import Any

from active_learning.commands.arguments import GENERATOR, add_sampling, emit, emit_done, terms_of, torch_command


def add(commands: Any) -> None:
    search = torch_command(
        commands, "beam-search", _search, "search for solutions step by step; killed and started again it goes on"
    )
    search.add_argument("--generator", required=True, help=GENERATOR)
    search.add_argument(
        "--value", type=Path, required=True, help="checkpoint that says what a solution so far is worth"
    )
    search.add_argument("--prover", type=Path, help="checkpoint whose progress counts too (default: the same)")
    search.add_argument("--alpha", type=float, default=0.0, help="of the prover's progress (default 0: by value alone)")
    search.add_argument("--problems", type=Path, required=True, help='JSON Lines {"problem", "unique_id"}')
    search.add_argument("--out", type=Path, required=True, help="file of solutions, ready for import; must not exist")
    search.add_argument("--width", type=int, default=4, help="of the beam: solutions that are followed (default 4)")
    search.add_argument("--expansions", type=int, default=3, help="next steps of each (default 3)")
    search.add_argument("--max-steps", type=int, default=32, help="(default 32)")
    search.add_argument("--worth", choices=("last", "product", "minimum"), default="last", help="of steps to one value")
    add_sampling(search, "step", most=256)


def _search(options: argparse.Namespace) -> None:
    from active_learning.search.beam import Beam
    from active_learning.search_files import SearchJob, search_file

    beam = Beam(options.width, options.alpha, expansions=options.expansions, max_steps=options.max_steps)
    job = SearchJob(
        options.generator,
        options.value,
        options.problems,
        options.out,
        beam,
        prover=options.prover,
        worth=options.worth,
        seed=options.seed,
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
        budget=options.budget,
        terms=terms_of(options),
    )
    emit_done(search_file(job, progress=emit))
