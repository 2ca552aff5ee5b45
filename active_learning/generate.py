"""Next steps after a prefix, for labelers to choose from: Lightman et al. 2023, App. B and D, phase 1.

Loads without torch; a model is loaded when it is first asked and kept for the next question.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from active_learning.domains import continuing
from active_learning.generators import TOY, Draw, Prompt, texts_of
from active_learning.generators.opening import open_generator
from active_learning.generators.terms import Terms
from active_learning.steps import first_step
from active_learning.strict_json import UNSTORABLE


@dataclass(frozen=True)
class NextSteps:
    """Different next steps in the order sampled, and how many samples were no whole step."""

    steps: list[str]
    incomplete: int = 0  # cut off by max_new_tokens, or by the end of what the model reads
    unusable: int = 0  # blank, or with characters that cannot be stored


def next_steps(  # noqa: PLR0913 - keyword-only
    *,
    generator: str,
    problem: str,
    prefix: Sequence[str],
    count: int,
    seed: int,
    temperature: float = 1.0,
    max_new_tokens: int = 256,
    terms: Terms | None = None,
) -> NextSteps:
    """Sample count next steps and return those that differ; the same arguments give the same bytes.

    Raises GeneratorError, PromptTooLong, and chains.Unreadable where "toy" is asked about other text than its own.
    """
    draw = Draw(count, seed, temperature, max_new_tokens)
    if generator == TOY:  # which can say at once what differs
        rng = Random(json.dumps([seed, problem, *prefix]))
        rate = min(1.0, continuing.OPTION_ERROR_RATE * temperature)
        return NextSteps(_different(continuing.next_steps(problem, prefix, count, rng=rng, error_rate=rate), prefix))
    (answer,) = open_generator(generator, terms=terms).sample([Prompt(problem, tuple(prefix))], draw, until="step")
    samples = [first_step(one.text, is_over=one.is_over) for one in texts_of(answer)]
    whole = [sample for sample in samples if sample is not None]
    usable = [sample for sample in whole if sample and not UNSTORABLE.search(sample)]
    return NextSteps(_different(usable, prefix), len(samples) - len(whole), len(whole) - len(usable))


def _different(steps: Sequence[str], prefix: Sequence[str]) -> list[str]:
    last = prefix[-1].strip() if prefix else ""
    return [step for step in dict.fromkeys(steps) if step != last]
