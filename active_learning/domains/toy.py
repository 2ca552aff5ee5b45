"""Scripted problems and solutions of chain arithmetic, with convincing mistakes at a rate that is a knob.

Everything is drawn from the Random that is passed in; the rows are ready for import as JSON Lines.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from active_learning.domains.chains import (
    ANSWER_MARK,
    CLOSINGS,
    HIGHEST,
    OPENINGS,
    Chain,
    Operation,
    read_problem,
    say_check,
    say_next,
    say_operation,
    say_start,
    say_value,
)
from active_learning.vocabulary import OURS

BASE_DIRECTORY = OURS["toy"]  # the small language model of this domain
WRITER_DIRECTORY = OURS["toy-writer"]  # and the one that writes its solutions
SUBJECT = "Chain arithmetic"
SHORTEST, LONGEST = 3, 6  # operations in a problem
NEUTRAL_RATE = 0.2  # sentences between two operations that only restate or check

MISTAKES = ("slip", "operand", "sign", "skip", "stale", "healed")

ERROR_RATE = 0.12  # of each step of a solution


class _Belief(NamedTuple):
    """What a solution that may be wrong holds true at one of its steps."""

    done: int  # operations
    value: int
    previous: int  # the value before the last operation


def problems(n: int, *, rng: Random, name: str = "toy") -> Iterator[dict[str, Any]]:
    """Yield n different problems."""
    seen: set[Chain] = set()
    while len(seen) < n:
        chain = _chain(rng)
        if chain in seen:
            continue
        seen.add(chain)
        yield {
            "problem": chain.text(rng.choice(CLOSINGS)),
            "answer": str(chain.values()[-1]),
            "solution": "\n".join(_write(chain, error_rate=0.0, neutral_rate=0.0, rng=rng)),
            "subject": SUBJECT,
            "level": len(chain.operations) - SHORTEST + 1,
            "unique_id": f"{name}/{len(seen)}.json",
        }


def solutions(
    problem: dict[str, Any], n: int, *, rng: Random, error_rate: float = ERROR_RATE
) -> Iterator[dict[str, Any]]:
    """Yield n different solutions of a problem; each of their steps goes wrong with probability error_rate."""
    chain = read_problem(problem["problem"])
    seen: set[tuple[str, ...]] = set()
    while len(seen) < n:
        steps = tuple(_write(chain, error_rate=error_rate, neutral_rate=NEUTRAL_RATE, rng=rng))
        if steps in seen:
            continue
        seen.add(steps)
        yield {
            "unique_id": problem["unique_id"],
            "steps": list(steps),
            "answer": steps[-1].partition(ANSWER_MARK)[2],
            "generator": f"toy-scripted error_rate={error_rate}",
        }


def _chain(rng: Random) -> Chain:
    operations: list[Operation] = []
    start = value = rng.randint(2, 20)
    for _ in range(rng.randint(SHORTEST, LONGEST)):
        operation = rng.choice(_possible(value, operations))
        operations.append(operation)
        value = operation.apply(value)
    return Chain(start, tuple(operations))


def _possible(value: int, before: list[Operation]) -> list[Operation]:
    # The same sign twice in a row could hide a skipped operation.
    signs = "+-*".replace(before[-1].sign, "") if before else "+-*"
    every = [Operation(sign, operand) for sign in signs for operand in ((2, 3) if sign == "*" else range(1, 10))]
    return [operation for operation in every if 0 < operation.apply(value) <= HIGHEST]


def _write(chain: Chain, *, error_rate: float, neutral_rate: float, rng: Random) -> list[str]:
    steps: list[str] = []
    belief = _Belief(0, chain.start, chain.start)
    while belief.done < len(chain.operations):
        if rng.random() < neutral_rate:
            sentence, value = _neutral(chain, belief.done, belief.value, error_rate, rng)
            belief = belief._replace(value=value)
            steps.append(sentence)
        mistake = rng.choice(MISTAKES) if rng.random() < error_rate else "none"
        done, base, operation = _attempt(chain, belief, mistake, rng)
        truth = operation.apply(base)
        if not 0 <= truth <= HIGHEST:
            return _write(chain, error_rate=error_rate, neutral_rate=neutral_rate, rng=rng)
        result = _slipped(truth, rng) if mistake in ("slip", "healed") else truth
        steps.append(say_operation(rng.choice(OPENINGS), base, operation, result))
        belief = _Belief(done, truth if mistake == "healed" else result, belief.value)
    answer = _answer(belief.value, error_rate, rng)
    steps[-1] += f"{ANSWER_MARK}{answer}"
    return steps


def _attempt(chain: Chain, belief: _Belief, mistake: str, rng: Random) -> tuple[int, int, Operation]:
    found = attempts(chain, *belief, mistake)
    return rng.choice(found) if len(found) > 1 else found[0]


def _answer(value: int, error_rate: float, rng: Random) -> int:
    return _slipped(value, rng) if rng.random() < error_rate / 4 else value


def _neutral(chain: Chain, done: int, value: int, error_rate: float, rng: Random) -> tuple[str, int]:
    """A sentence that restates or checks, and the value that the solution believes in after it."""
    is_wrong = rng.random() < error_rate
    believed = _slipped(value, rng) if is_wrong else value
    if done == 0:
        return say_start(believed), believed
    kind = rng.choice(("next", "value", "check"))
    if kind == "value":
        return say_value(believed), believed
    if kind == "next":
        return say_next(_changed(chain.operations[done], "operand" if is_wrong else "none", rng)), value
    back = chain.operations[done - 1].inverse()
    result = back.apply(value)
    if not 0 <= result <= HIGHEST:
        return say_value(believed), believed
    return say_check(value, back, _slipped(result, rng) if is_wrong else result), value


def _changed(operation: Operation, mistake: str, rng: Random) -> Operation:
    found = changes(operation, mistake)
    return rng.choice(found) if len(found) > 1 else found[0]


def _slipped(value: int, rng: Random) -> int:
    return rng.choice(slips(value))


# What each kind of mistake may lead to, every possibility as likely as the others --------------------------------------


def attempts(chain: Chain, done: int, value: int, previous: int, mistake: str) -> list[tuple[int, int, Operation]]:
    """How many operations are done after the next one, what that one is applied to, and which it is."""
    if mistake == "skip" and done + 1 < len(chain.operations):
        done += 1
    base = previous if mistake == "stale" else value
    return [(done + 1, base, operation) for operation in changes(chain.operations[done], mistake)]


def changes(operation: Operation, mistake: str) -> list[Operation]:
    if mistake == "operand" and operation.sign == "*":
        return [Operation("*", 5 - operation.operand)] * 2
    if mistake == "operand":
        return [Operation(operation.sign, min(max(operation.operand + by, 1), 9)) for by in (-1, 1)]
    if mistake == "sign":
        return [Operation({"+": "-", "-": "+", "*": "+"}[operation.sign], operation.operand)]
    return [operation]


def slips(value: int) -> list[int]:
    near = [value + delta for delta in (-10, -2, -1, 1, 2, 10)]
    return [number for number in near if 0 <= number <= HIGHEST]
