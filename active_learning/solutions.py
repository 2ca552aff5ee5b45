r"""Whole solutions, sampled for selection: N of each problem at a temperature (Lightman et al. 2023, §2.1 and App. E).

Loads without torch.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from active_learning.answers import extract_answer
from active_learning.domains import toy
from active_learning.generators import TOY, check_question
from active_learning.steps import split_steps
from active_learning.strict_json import UNSTORABLE

WHOLE = re.compile(r"(?:^|\n)# Answer[ \t]*\n\n[^\n]*\S[^\n]*\n")  # nothing that follows belongs to the solution
AT_ONCE = 32  # solutions of one problem


@dataclass(frozen=True)
class Sampled:
    """One solution as it was sampled; without an answer it was cut off, and is incomplete."""

    steps: tuple[str, ...]
    answer: str | None


def solve(
    *, generator: str, problem: str, count: int, seed: int, temperature: float = 1.0, max_new_tokens: int = 1024
) -> Iterator[Sampled]:
    """Sample `count` solutions of the problem; the same arguments give the same bytes. Blank texts, and such with
    characters that cannot be stored, come without steps.

    Raises GeneratorError, and chains.Unreadable where "toy" is asked about other text than its own.
    """
    check_question(count, temperature, max_new_tokens)
    if generator == TOY:
        rng = Random(json.dumps([seed, problem]))
        rate = min(1.0, toy.ERROR_RATE * temperature)
        rows = toy.solutions({"problem": problem, "unique_id": ""}, count, rng=rng, error_rate=rate)
        return (Sampled(tuple(row["steps"]), row["answer"]) for row in rows)
    return _from_model(generator, problem, count, seed, temperature, max_new_tokens)


def _from_model(
    generator: str, problem: str, count: int, seed: int, temperature: float, max_new_tokens: int
) -> Iterator[Sampled]:
    from active_learning.language_model import Draw, load, prompt_ids, sample

    model = load(generator)
    ids = prompt_ids(model, problem, [])
    for place, start in enumerate(range(0, count, AT_ONCE)):
        own_seed = Random(json.dumps([seed, problem, place])).getrandbits(63)
        draw = Draw(min(AT_ONCE, count - start), own_seed, temperature, max_new_tokens)
        for one in sample(model, ids, draw, is_enough=lambda text: WHOLE.search(text) is not None):
            yield _of_text(one.text, is_over=one.is_over)


def _of_text(text: str, *, is_over: bool) -> Sampled:
    """What a generator says after its answer is no part of the solution; what it was saying when it was cut off is."""
    ending = WHOLE.search(text)
    text = (text[: ending.end()] if ending else text).strip()
    if not text or UNSTORABLE.search(text):
        return Sampled((), None)
    return Sampled(split_steps(text), extract_answer(text) if ending or is_over else None)
