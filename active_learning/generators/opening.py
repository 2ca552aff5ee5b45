"""A generator by its name. Loads torch only for a local model, and that only when it is first asked."""

from pathlib import Path

from active_learning.generators import TOY, Generator
from active_learning.generators.budget import Budget


def open_generator(name: str, budget: Budget | None = None) -> Generator:
    """ "toy", or the folder of a local causal language model. Raises GeneratorError."""
    budget = budget or Budget()
    if name == TOY:
        from active_learning.generators.scripted import ScriptedGenerator

        return ScriptedGenerator(budget)
    from active_learning.generators.local import LocalGenerator

    return LocalGenerator(Path(name), budget)
