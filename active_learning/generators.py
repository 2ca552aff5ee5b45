"""What may be asked of a generator, and why it may refuse. A generator is the folder of a local causal language model
that writes a step a line (Lightman et al. 2023, §2.3), or "toy", the scripted one of chain arithmetic."""

TOY = "toy"


class GeneratorError(ValueError):
    """This generator cannot be used, or not for this question; the message is for people."""


class PromptTooLong(GeneratorError):
    """The problem and its steps leave no room for another step."""


def check_question(count: int, temperature: float, max_new_tokens: int) -> None:
    """Raises GeneratorError where nothing is asked for."""
    if count < 1 or max_new_tokens < 1 or not temperature > 0:
        raise GeneratorError("At least one sample of at least one token is asked for, at a temperature above 0.")
