"""How the toy generator goes on from any prefix, with the exact probability of everything that it may say.

It goes on from what the prefix says, right or wrong, as a model does. What it says next depends only on how many operations
it believes done and on the value it believes in, so that Q of a prefix is computed and not only estimated.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from active_learning.domains.chains import (
    ANSWER_MARK,
    HIGHEST,
    OPENINGS,
    SO_FAR,
    START,
    Chain,
    Operation,
    Unreadable,
    rate,
    read_equation,
    read_problem,
    say_check,
    say_next,
    say_operation,
    say_start,
    say_value,
)
from active_learning.domains.toy import ERROR_RATE, MISTAKES, NEUTRAL_RATE, attempts, changes, slips

# Of the next steps that are offered side by side some should be wrong; from the rate of solutions hardly any would be.
OPTION_ERROR_RATE = 0.35
TRIES = 20  # draws for each next step that is wanted; there are not always so many different ones


class Belief(NamedTuple):
    """What a solution that may be wrong holds true after one of its steps."""

    done: int  # operations
    value: int
    is_over: bool = False  # the value is its answer


class Outcome(NamedTuple):
    """A next step without its opening, how likely it is, and what is believed after it."""

    chance: float
    step: str
    after: Belief


def value(problem: str, prefix: Sequence[str], *, error_rate: float = ERROR_RATE) -> float:
    """Q of the prefix: the probability that the generator's answer will be right. Of a finished solution 0 or 1.

    Raises Unreadable for other people's text.
    """
    chain, steps = _read(problem, prefix)
    return value_of(chain, _believed(chain, steps), error_rate=error_rate)


def value_of(chain: Chain, belief: Belief, *, error_rate: float = ERROR_RATE) -> float:
    """Q of every prefix that leaves the generator with this belief."""
    if belief.is_over:
        return float(belief.value == chain.values()[-1])
    return float(_values(chain, error_rate)[belief.done, belief.value])


def complete(
    problem: str, prefix: Sequence[str], *, rng: Random, error_rate: float = ERROR_RATE, most: int | None = None
) -> list[str]:
    """The steps to the answer, at most so many; none after an answer. Raises Unreadable for other people's text."""
    chain, steps = _read(problem, prefix)
    belief = _believed(chain, steps)
    found: list[str] = []
    while not belief.is_over and len(found) != most:
        step, belief = draw(chain, belief, error_rate, rng)
        found.append(_opened(step, rng))
    return found


def next_steps(
    problem: str, prefix: Sequence[str], n: int, *, rng: Random, error_rate: float = OPTION_ERROR_RATE
) -> list[str]:
    """Up to n next steps that say different things, right, wrong and neutral ones. After an answer there is none.

    Raises Unreadable for other people's text.
    """
    chain, steps = _read(problem, prefix)
    belief = _believed(chain, steps)
    found: list[str] = []
    for _ in range(0 if belief.is_over else TRIES * n):
        step, _after = draw(chain, belief, error_rate, rng)
        if step not in found and _is_new(step, steps):
            found.append(step)
        if len(found) == n:
            break
    return [_opened(step, rng) for step in found]


def draw(chain: Chain, belief: Belief, error_rate: float, rng: Random) -> tuple[str, Belief]:
    """A next step without its opening, and what is believed after it."""
    found = outcomes(chain, belief, error_rate)
    (drawn,) = rng.choices(found, [one.chance for one in found])
    return drawn.step, drawn.after


def _opened(step: str, rng: Random) -> str:
    return rng.choice(OPENINGS) + step if step.startswith("$") else step


def _is_new(step: str, before: Sequence[str]) -> bool:
    """An equation may come back in a long chain; a remark that was made is not made again."""
    return step.startswith("$") or step not in before


# What a prefix leaves the generator believing ------------------------------------------------------------------------


def _read(problem: str, prefix: Sequence[str]) -> tuple[Chain, list[str]]:
    chain, steps = read_problem(problem), [step.strip() for step in prefix]
    rate(problem, steps)
    if not all(0 <= number <= HIGHEST for number in chain.values()):
        raise Unreadable(f"The numbers of chain arithmetic lie between 0 and {HIGHEST}: {problem[:80]!r}")
    return chain, steps


def _believed(chain: Chain, steps: Sequence[str]) -> Belief:
    belief = Belief(0, chain.start)
    for step in steps:
        belief = _belief_after(chain, belief, step)
    return belief


def _belief_after(chain: Chain, belief: Belief, step: str) -> Belief:
    text, _, answer = step.partition(ANSWER_MARK)
    if answer:
        return Belief(len(chain.operations), int(answer), is_over=True)
    if found := START.fullmatch(text) or SO_FAR.fullmatch(text):
        return _remembered(chain, belief.done, int(found[1]))
    if text.startswith(("Check:", "The next instruction")):
        return belief
    _, operation, result = read_equation(text)
    return _after_operation(chain, belief.done, operation, result)


def _after_operation(chain: Chain, done: int, operation: Operation, result: int) -> Belief:
    """A step that does the operation after the next one has left the next one out; any other stands for the next one."""
    is_skip = operation in chain.operations[done + 1 : done + 2] and operation != chain.operations[done]
    return _remembered(chain, min(done + 1 + is_skip, len(chain.operations)), result)


def _remembered(chain: Chain, done: int, value: int) -> Belief:
    """Where a wrong value leads to numbers that this domain cannot write, the truth comes back to mind."""
    ahead = [value, *(operation.apply(value) for operation in chain.operations[done : done + 1])]
    is_writable = all(0 <= number <= HIGHEST for number in ahead)
    return Belief(done, value if is_writable else chain.values()[done])


# What it may say then ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def outcomes(chain: Chain, belief: Belief, error_rate: float) -> list[Outcome]:
    """Every next step that can be written; their chances add up to 1."""
    if belief.done == len(chain.operations):
        return [
            Outcome(chance, f"{say_value(answer)}{ANSWER_MARK}{answer}", Belief(belief.done, answer, is_over=True))
            for chance, answer in _perhaps_slipped(belief.value, error_rate)
        ]
    found = [
        *_scaled(NEUTRAL_RATE, _remarks(chain, belief, error_rate)),
        *_scaled(1 - NEUTRAL_RATE, _operations(chain, belief, error_rate)),
    ]
    return list(_scaled(1 / sum(one.chance for one in found), found))


def _scaled(by: float, found: Iterator[Outcome] | list[Outcome]) -> Iterator[Outcome]:
    return (one._replace(chance=one.chance * by) for one in found if one.chance)


def _perhaps_slipped(number: int, error_rate: float) -> Iterator[tuple[float, int]]:
    yield 1 - error_rate, number
    wrong = slips(number)
    yield from ((error_rate / len(wrong), one) for one in wrong)


def _remarks(chain: Chain, belief: Belief, error_rate: float) -> Iterator[Outcome]:
    """Sentences that restate or check; a wrong one may be believed."""
    done, number = belief.done, belief.value
    if done == 0:
        for chance, said in _perhaps_slipped(number, error_rate):
            yield Outcome(chance, say_start(said), _remembered(chain, done, said))
        return
    back = chain.operations[done - 1].inverse()
    can_check = 0 <= back.apply(number) <= HIGHEST
    for chance, said in _perhaps_slipped(number, error_rate):
        yield Outcome(chance * (1 if can_check else 2) / 3, say_value(said), _remembered(chain, done, said))
    for chance, result in _perhaps_slipped(back.apply(number), error_rate) if can_check else ():
        yield Outcome(chance / 3, say_check(number, back, result), belief)
    right = chain.operations[done]
    wrong = changes(right, "operand")
    for chance, operation in [(1 - error_rate, right), *((error_rate / len(wrong), one) for one in wrong)]:
        yield Outcome(chance / 3, say_next(operation), belief)


def _operations(chain: Chain, belief: Belief, error_rate: float) -> Iterator[Outcome]:
    """The next operation, right or with a mistake; what cannot be written is left out."""
    # An old value is the true one: what the solution itself believed before is forgotten.
    previous = chain.values()[max(0, belief.done - 1)]
    kinds = [("none", 1 - error_rate), *((mistake, error_rate / len(MISTAKES)) for mistake in MISTAKES)]
    for mistake, chance in kinds:
        found = attempts(chain, belief.done, belief.value, previous, mistake)
        for done, base, operation in found:
            truth = operation.apply(base)
            if 0 <= truth <= HIGHEST:
                results = slips(truth) if mistake in ("slip", "healed") else [truth]
                for result, each in product(results, [chance / len(found) / len(results)]):
                    yield from _said(chain, belief, (done, base, operation, result), each, error_rate)


def _said(
    chain: Chain, belief: Belief, attempt: tuple[int, int, Operation, int], chance: float, error_rate: float
) -> Iterator[Outcome]:
    done, base, operation, result = attempt
    step = say_operation("", base, operation, result)
    if done < len(chain.operations):
        yield Outcome(chance, step, _after_operation(chain, belief.done, operation, result))
        return
    for share, answer in _perhaps_slipped(result, error_rate / 4):
        yield Outcome(chance * share, f"{step}{ANSWER_MARK}{answer}", Belief(done, answer, is_over=True))


@lru_cache(maxsize=1000)
def _values(chain: Chain, error_rate: float) -> NDArray[np.float64]:
    """(operations done, believed value): the probability of a right answer.

    Operations lead on and remarks stay: of each number of operations the values solve V = b + R V.
    """
    numbers, truth = HIGHEST + 1, chain.values()[-1]
    found = np.zeros((len(chain.operations) + 1, numbers))
    for done in range(len(chain.operations), -1, -1):
        ahead, stays = np.zeros(numbers), np.zeros((numbers, numbers))
        for number in range(numbers):
            belief = _remembered(chain, done, number)
            for chance, _, after in outcomes(chain, belief, error_rate):
                if after.is_over:
                    ahead[number] += chance * (after.value == truth)
                elif after.done > done:
                    ahead[number] += chance * found[after.done, after.value]
                else:
                    stays[number, after.value] += chance
        found[done] = np.linalg.solve(np.eye(numbers) - stays, ahead)
    return found
