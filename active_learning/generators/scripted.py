"""The scripted generator of chain arithmetic. A word counts as a token."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from active_learning.domains import continuing, toy
from active_learning.domains.chains import Unreadable
from active_learning.generators import TOY, Answer, Draw, GeneratorError, Prompt, Text, Until, tokens_of
from active_learning.generators.budget import Budget

WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class ScriptedGenerator:
    """Each step goes wrong with probability error_rate × temperature."""

    budget: Budget
    error_rate: float = toy.ERROR_RATE
    name: str = TOY
    at_once: int = 1

    def identity(self) -> dict[str, str]:
        return {"generator": f"{TOY} error_rate={self.error_rate}"}

    def sample(self, prompts: Sequence[Prompt], draw: Draw, *, until: Until) -> list[Answer]:
        rate = min(1.0, self.error_rate * draw.temperature)
        try:
            with self.budget.room(len(prompts) * draw.count * draw.max_new_tokens) as spend:
                found: list[Answer] = [self._of_one(prompt, draw, rate, until) for prompt in prompts]
                spend(tokens_of(found))
                return found
        except Unreadable as error:
            raise GeneratorError(
                f'The generator "{TOY}" writes only chain arithmetic, and reads nothing else: {error}'
            ) from error

    def _of_one(self, prompt: Prompt, draw: Draw, rate: float, until: Until) -> list[Text]:
        rng = Random(json.dumps([draw.seed, prompt.problem, *prompt.prefix]))
        most = 2 if until == "step" else None
        drawn = [continuing.complete(*prompt, rng=rng, error_rate=rate, most=most) for _ in range(draw.count)]
        return [(_begun if until == "step" and len(steps) == most else _whole)(steps, draw) for steps in drawn]


def _whole(steps: Sequence[str], draw: Draw) -> Text:
    words = WORD.findall("".join(f"{step}\n" for step in steps))
    most = draw.max_new_tokens
    return Text("".join(words[:most]), len(words) <= most, min(len(words), most))


def _begun(steps: Sequence[str], draw: Draw) -> Text:
    """A step, and the first word of the next: as of a model, by which one sees that the step has ended."""
    first, second = steps
    return _whole([first, second.split()[0]], draw)._replace(is_over=False)
