"""A generator by its name. Loads torch only for a local model and a client only for a server, when it is first asked."""

from active_learning.generators import TOY, Generator, GeneratorError
from active_learning.generators.budget import Budget
from active_learning.generators.terms import Terms


def open_generator(name: str, budget: Budget | None = None, terms: Terms | None = None) -> Generator:
    """ "toy", "toy-writer", the folder of a local causal language model, or "https://host/v1#model". Raises
    GeneratorError."""
    budget = budget or Budget()
    if not name.strip():
        raise GeneratorError("No generator is named: toy, toy-writer, a folder, or https://host/v1#model.")
    if name == TOY:
        from active_learning.generators.scripted import ScriptedGenerator

        return ScriptedGenerator(budget)
    if name.lower().startswith(("http://", "https://")):
        from active_learning.generators.server import Address, ServerGenerator

        return ServerGenerator(Address.of(name), budget, terms or Terms())
    from active_learning.generators.local import LocalGenerator
    from active_learning.vocabulary import base_directory

    return LocalGenerator(base_directory(name), budget)
