"""What may be asked of a generator, and what it answers. Opened by its name in `generators.opening`.

A generator writes a step a line (Lightman et al. 2023, §2.3). It is "toy", the scripted one of chain arithmetic, the
folder of a local causal language model, or a model that an OpenAI-compatible server has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

TOY = "toy"
Until = Literal["step", "answer"]  # sampling may end after the first whole step, or after the answer


class GeneratorError(ValueError):
    """This generator cannot be used, or not for this question; the message is for people."""


class PromptTooLong(GeneratorError):
    """The problem and its steps leave no room for another step."""


class Prompt(NamedTuple):
    """A problem and the steps that are there already."""

    problem: str
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draw:
    """How many texts after each prompt, and how they are drawn. Raises GeneratorError where nothing is asked for."""

    count: int
    seed: int
    temperature: float = 1.0
    max_new_tokens: int = 1024  # of each text

    def __post_init__(self) -> None:
        if self.count < 1 or self.max_new_tokens < 1 or not self.temperature > 0:
            raise GeneratorError("At least one sample of at least one token is asked for, at a temperature above 0.")


class Text(NamedTuple):
    text: str
    is_over: bool  # the generator itself has ended it
    tokens: int  # that were sampled for it


Answer = list[Text] | PromptTooLong


class Generator(Protocol):
    @property
    def at_once(self) -> int:
        """Questions that may be asked side by side, from as many threads."""

    @property
    def name(self) -> str:
        """As solutions tell it that it wrote."""

    def identity(self) -> dict[str, str]:
        """All that its texts depend on besides prompt and draw."""

    def sample(self, prompts: Sequence[Prompt], draw: Draw, *, until: Until) -> list[Answer]:
        """`draw.count` texts after each prompt, in the order sampled; the same arguments give the same texts.

        Of a prompt that leaves no room to write, why. Raises GeneratorError.
        """


def texts_of(answer: Answer) -> list[Text]:
    """Raises PromptTooLong."""
    if isinstance(answer, PromptTooLong):
        raise answer
    return answer


def tokens_of(answers: Sequence[Answer]) -> int:
    """That were sampled for all of them."""
    return sum(text.tokens for answer in answers if not isinstance(answer, PromptTooLong) for text in answer)
