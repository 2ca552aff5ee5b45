"""Labels by rollouts: how often a completer comes from a prefix to the right answer (Wang et al. 2023, Math-Shepherd, §3.3).

From every prefix of a solution N continuations are sampled and their answers graded. The hard estimate of a step is
whether any is right (eq. 3), the soft one the share that is (eq. 4). After the last step there is nothing to sample: its
estimate is the solution's own answer, unless it was cut off. Where only the first bad step is wanted, a binary search finds it with a
logarithm of the rollouts (OmegaPRM, Luo et al. 2024, §3.2).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from active_learning.answered import Solution
from active_learning.automatic import Estimate, Estimated
from active_learning.generators import Answer, Draw, Generator, Prompt, PromptTooLong, Text, tokens_of
from active_learning.grading import answers_match
from active_learning.steps import whole_solution


@dataclass(frozen=True)
class Rollouts:
    """How a solution is rolled out."""

    count: int = 8  # from each prefix; Wang et al. 2023, §4
    seed: int = 0
    temperature: float = 1.0  # not stated there
    max_new_tokens: int = 1024
    from_start: bool = False  # from the bare problem too: its value is what a first step's advantage is measured from
    search: bool = False  # only as far as the first bad step needs


def roll_out(completer: Generator, solution: Solution, setting: Rollouts) -> Estimated:
    """The estimate of every step, or of those that the search looked at; the same arguments give the same estimates.

    A rollout that was cut off says nothing and is left out. A prefix without any that ended, or that leaves the completer no
    room, has no estimate. Raises generators.GeneratorError.
    """
    work = _Work(completer, solution, setting)
    last = len(solution.steps)
    if solution.is_whole:
        work.found[last] = Estimate(int(_is_right(solution.answer, solution.truth)), 1, (solution.answer,))
    elif setting.search:
        work.ask([last])
    if setting.search:
        _search(work, last)
    else:
        work.ask(range(1, last if solution.is_whole else last + 1))
    if setting.from_start:
        work.ask([0])
    return Estimated(
        solution.id,
        solution.problem,
        solution.truth,
        solution.steps,
        solution.answer,
        work.found.get(0),
        tuple(work.found.get(length) for length in range(1, last + 1)),
        work.tokens,
        work.cut_off,
        completer.name,
        setting.seed,
        setting.temperature,
    )


def first_bad_step(estimates: Sequence[Estimate | None]) -> int | None:
    """The place of the first step that no rollout recovered from, as far as was looked; None where there is none."""
    return next((place for place, one in enumerate(estimates) if one is not None and not one.correct), None)


class _Work:
    """The rollouts of one solution: by the length of the prefix what was found, and what it cost."""

    def __init__(self, completer: Generator, solution: Solution, setting: Rollouts) -> None:
        self._completer, self._solution, self._setting = completer, solution, setting
        self.found: dict[int, Estimate | None] = {}
        self.tokens = self.cut_off = 0

    def ask(self, lengths: Sequence[int]) -> None:
        """Roll out from the prefixes of these lengths, all of them at once."""
        answers = self._sample(lengths)
        self.tokens += tokens_of(answers)
        for length, answer in zip(lengths, answers, strict=True):
            self.found[length] = None if isinstance(answer, PromptTooLong) else self._estimate(length, answer)

    def _sample(self, lengths: Sequence[int]) -> list[Answer]:
        if not lengths:
            return []
        solution, setting = self._solution, self._setting
        prompts = [Prompt(solution.problem, solution.steps[:length]) for length in lengths]
        # Its own for every question: a search decides by each answer what it asks next.
        seed = Random(json.dumps([setting.seed, solution.problem, *solution.steps, *lengths])).getrandbits(63)
        draw = Draw(setting.count, seed, setting.temperature, setting.max_new_tokens)
        return self._completer.sample(prompts, draw, until="answer")

    def _estimate(self, length: int, texts: Sequence[Text]) -> Estimate | None:
        before = "".join(f"{step}\n" for step in self._solution.steps[:length])
        found = [(whole_solution(before + one.text, is_over=one.is_over).answer, one.is_over) for one in texts]
        answers = tuple(answer for answer, is_over in found if is_over or answer is not None)
        self.cut_off += len(texts) - len(answers)
        if not answers:
            return None
        return Estimate(sum(_is_right(answer, self._solution.truth) for answer in answers), len(answers), answers)


def _search(work: _Work, last: int) -> None:
    """Halve the steps among which the first bad one is, which after a wrong answer is the last at the latest."""
    first, own = 1, work.found[last]
    if own is not None and own.correct:
        return
    while first < last:
        middle = (first + last) // 2
        work.ask([middle])
        estimate = work.found[middle]
        if estimate is not None and estimate.correct:
            first = middle + 1
        else:
            last = middle


@lru_cache(maxsize=100_000)
def _is_right(answer: str | None, truth: str) -> bool:
    return answers_match(answer, truth)
