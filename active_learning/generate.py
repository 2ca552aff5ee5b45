"""Next steps after a prefix, for labelers to choose from: Lightman et al. 2023, App. B and D, phase 1.

A generator is the folder of a local causal language model that writes a step a line (§2.3), or "toy", the scripted one
of chain arithmetic. Loads without torch; a model is loaded when it is first asked and kept for the next question.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from active_learning.domains import toy
from active_learning.domains.chains import ANSWER_MARK
from active_learning.generators import TOY, check_question
from active_learning.strict_json import UNSTORABLE

ANSWER_HEADING = ANSWER_MARK.strip()


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
) -> NextSteps:
    """Sample count next steps and return those that differ; the same arguments give the same bytes.

    Raises GeneratorError, and chains.Unreadable where "toy" is asked about other text than its own.
    """
    check_question(count, temperature, max_new_tokens)
    if generator == TOY:
        rng = Random(json.dumps([seed, problem, *prefix]))
        rate = min(1.0, toy.OPTION_ERROR_RATE * temperature)
        return NextSteps(_different(toy.next_steps(problem, prefix, count, rng=rng, error_rate=rate), prefix))
    from active_learning.language_model import Draw, load, prompt_ids, sample

    model = load(generator)
    ids = prompt_ids(model, problem, prefix)
    draw = Draw(count, seed, temperature, max_new_tokens)
    texts = sample(model, ids, draw, is_enough=lambda text: first_step(text, is_over=False) is not None)
    samples = [first_step(one.text, is_over=one.is_over) for one in texts]
    whole = [sample for sample in samples if sample is not None]
    usable = [sample for sample in whole if sample and not UNSTORABLE.search(sample)]
    return NextSteps(_different(usable, prefix), len(samples) - len(whole), len(whole) - len(usable))


def first_step(text: str, *, is_over: bool) -> str | None:
    """The first step of a generator's text; None as long as more text could still change it.

    A step is a line, and the answer that follows it in PRM800K's way stays in it. `is_over`: no more text will come.
    """
    text = text.lstrip()
    line, newline, _ = text.partition("\n")
    is_heading = line.rstrip() == ANSWER_HEADING  # an answer that is a step of its own
    mark = "\n\n" if is_heading else ANSWER_MARK
    rest = text[len(line) :]
    if rest.startswith(mark):
        answer, ended, _ = rest.removeprefix(mark).partition("\n")
        if not ended and not is_over:
            return None
        if answer.strip():
            return line.rstrip() + mark + answer.strip()
    elif not is_over and (not newline or mark.startswith(rest)):
        return None
    return "" if is_heading else line.rstrip()


def _different(steps: Sequence[str], prefix: Sequence[str]) -> list[str]:
    last = prefix[-1].strip() if prefix else ""
    return [step for step in dict.fromkeys(steps) if step != last]
