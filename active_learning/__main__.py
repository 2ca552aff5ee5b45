"""The science from a shell, on files: python -m active_learning train|score|select|evaluate|next-steps|…

Progress is JSON Lines on standard output, so that a supervising process can show it; what went wrong is one sentence
on standard error. Exit codes: 0 done, 1 these inputs cannot be used, 2 wrong arguments,
75 interrupted: the same command goes on, 69 another process is writing the same output.
"""

import argparse
import sys

from active_learning.commands import (
    evaluation,
    experiments,
    generation,
    progress,
    scoring,
    searching,
    selection,
    shepherd,
    supervision,
    toy_domain,
    training,
    tuning,
)
from active_learning.commands.arguments import BUSY, Run
from active_learning.resumable import OutputBusy


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    run: Run = options.run
    try:
        run(options)
    except OutputBusy as error:
        sys.stderr.write(f"{error}\n")
        return BUSY
    except ValueError as error:  # our refusals are ValueErrors with a sentence for people
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}.\n" if error.filename else f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m active_learning", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for group in (
        training,
        shepherd,
        scoring,
        selection,
        evaluation,
        generation,
        searching,
        tuning,
        toy_domain,
        experiments,
        supervision,
        progress,
    ):
        group.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
