"""What the commands of `python -m active_learning` have in common: how they are declared, and what they print."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from active_learning.generators.budget import Prices
from active_learning.generators.terms import Terms

GENERATOR = (
    "a folder with a causal language model, toy, toy-writer, or https://host/v1#model on an OpenAI-compatible server"
)
TRY_AGAIN = 75  # the exit code EX_TEMPFAIL of sysexits.h: interrupted, and the same command goes on
BUSY = 69  # EX_UNAVAILABLE: another process is writing this output
Run = Callable[[argparse.Namespace], None]


def emit(line: dict[str, Any]) -> None:
    """One JSON line of progress on standard output, which a supervising process shows."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def command(commands: Any, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def torch_command(commands: Any, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    """A command that loads torch, first of all on the number of threads asked for."""

    def run_on_threads(options: argparse.Namespace) -> None:
        import torch

        torch.set_num_threads(options.threads)
        run(options)

    parser = command(commands, name, run_on_threads, text)
    # Threads that wait for each other on a busy machine made a small model a hundred times slower.
    parser.add_argument(
        "--threads", type=positive, default=1, help="of the CPU; more only for large models (default 1)"
    )
    return parser


def positive(text: str) -> int:
    """The type of an argument that counts something."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"at least 1, and not {number}")
    return number


def whole_numbers(text: str) -> tuple[int, ...]:
    """What 4,1,16 names, in order and each once."""
    return tuple(sorted({int(number) for number in text.split(",")}))


def add_compile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compile",
        action="store_true",
        help="fuse small operations by torch.compile: worth its minute for large models",
    )


def add_sampling(parser: argparse.ArgumentParser, what: str, *, most: int) -> None:
    """How texts are drawn, within which budget, and under which terms of a server."""
    parser.add_argument("--seed", type=int, default=0, help="the same one gives the same bytes (default 0)")
    parser.add_argument("--temperature", type=float, default=1.0, help="(default 1.0)")
    parser.add_argument("--max-new-tokens", type=int, default=most, help=f"of a {what} (default {most})")
    parser.add_argument("--budget", type=int, help="tokens that may be sampled in all (default: as many as it takes)")
    server = parser.add_argument_group(
        "a generator that a server has; its key is the environment variable GENERATOR_KEY"
    )
    server.add_argument("--concurrency", type=int, default=16, help="requests in flight at the same time (default 16)")
    server.add_argument("--timeout", type=float, default=600.0, help="seconds that it may be silent (default 600)")
    server.add_argument("--price-in", type=float, default=0.0, help="of a million prompt tokens, in any currency")
    server.add_argument("--price-out", type=float, default=0.0, help="of a million sampled tokens")
    server.add_argument("--budget-cost", type=float, help="that may be reached at these prices (default: no limit)")


def terms_of(options: argparse.Namespace) -> Terms:
    prices = Prices(options.price_in, options.price_out)
    return Terms(options.concurrency, options.timeout, prices, options.budget_cost)


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def write_json(path: Path, value: Any) -> None:
    """The file appears under its name only when it is complete."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(value) + "\n")
    temporary.rename(path)


def emit_done(counts: Any) -> None:
    """What came of it and, where a server was asked, what that took."""
    told = asdict(counts)
    asked = told.pop("asked")
    emit({"stage": "done", **told, **asked})
