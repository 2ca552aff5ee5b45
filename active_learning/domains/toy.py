"""Scripted problems and solutions of chain arithmetic, with convincing mistakes at a rate that is a knob.

Everything is drawn from the Random that is passed in; the rows are ready for import as JSON Lines.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from active_learning.domains.chains import (
    ANSWER_MARK,
    CLOSINGS,
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

BASE_DIRECTORY = Path(__file__).parent / "base"  # the small language model of this domain
SUBJECT = "Chain arithmetic"
SHORTEST, LONGEST = 3, 6  # operations in a problem
NEUTRAL_RATE = 0.2  # sentences between two operations that only restate or check

MISTAKES = ("slip", "operand", "sign", "skip", "stale", "healed")

ERROR_RATE = 0.12  # of each step of a solution
# Of the next steps that are offered side by side some should be wrong; from that rate hardly any would be.
OPTION_ERROR_RATE = 0.35
TRIES = 20  # draws for each next step that is wanted; there are not always so many different ones


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
    """How many operations are done after the next one, what that one is applied to, and which it is."""
    done, value, base = belief
    if mistake == "skip" and done + 1 < len(chain.operations):
        done += 1
    if mistake != "stale":
        base = value
    return done + 1, base, _changed(chain.operations[done], mistake, rng)


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
    if mistake == "operand":
        wrong = operation.operand + rng.choice((-1, 1))
        return Operation(operation.sign, 5 - operation.operand if operation.sign == "*" else min(max(wrong, 1), 9))
    if mistake == "sign":
        return Operation({"+": "-", "-": "+", "*": "+"}[operation.sign], operation.operand)
    return operation


def _slipped(value: int, rng: Random) -> int:
    near = [value + delta for delta in (-10, -2, -1, 1, 2, 10)]
    return rng.choice([number for number in near if 0 <= number <= HIGHEST])


# One step at a time -------------------------------------------------------------------------------------------------


def next_steps(
    problem: str, prefix: Sequence[str], n: int, *, rng: Random, error_rate: float = OPTION_ERROR_RATE
) -> list[str]:
    """Up to n next steps that say different things, right, wrong and neutral ones. After an answer there is none.

    They go on from what the prefix says, right or wrong, as a model does. Raises Unreadable for other people's text.
    """
    chain, steps = read_problem(problem), [step.strip() for step in prefix]
    rate(problem, steps)
    if not all(0 <= value <= HIGHEST for value in chain.values()):
        raise Unreadable(f"The numbers of chain arithmetic lie between 0 and {HIGHEST}: {problem[:80]!r}")
    if any(ANSWER_MARK in step for step in steps):
        return []
    belief = _believed(chain, steps)
    found: list[str] = []
    for _ in range(TRIES * n):
        step = _draw(chain, belief, error_rate, rng)
        if step is not None and step not in found and _is_new(step, steps):
            found.append(step)
        if len(found) == n:
            break
    return [rng.choice(OPENINGS) + step if step.startswith("$") else step for step in found]


def _is_new(step: str, before: Sequence[str]) -> bool:
    """An equation may come back in a long chain; a remark that was made is not made again."""
    return step.startswith("$") or step not in before


def _believed(chain: Chain, steps: Sequence[str]) -> _Belief:
    belief = _Belief(0, chain.start, chain.start)
    for step in steps:
        if found := START.fullmatch(step) or SO_FAR.fullmatch(step):
            belief = belief._replace(value=int(found[1]))
        elif not step.startswith(("Check:", "The next instruction")):
            _, operation, result = read_equation(step)
            belief = _Belief(_done_after(chain, belief.done, operation), result, belief.value)
    # Where a wrong value leads to numbers that this domain cannot write, the truth comes back to mind.
    next_operation = chain.operations[belief.done : belief.done + 1]
    ahead = [belief.value, *(operation.apply(belief.value) for operation in next_operation)]
    is_writable = all(0 <= number <= HIGHEST for number in ahead)
    return belief if is_writable else belief._replace(value=chain.values()[belief.done])


def _done_after(chain: Chain, done: int, operation: Operation) -> int:
    """A step that does the operation after the next one has left the next one out; any other stands for the next one."""
    is_skip = operation in chain.operations[done + 1 : done + 2] and operation != chain.operations[done]
    return min(done + 1 + is_skip, len(chain.operations))


def _draw(chain: Chain, belief: _Belief, error_rate: float, rng: Random) -> str | None:
    """One next step without an opening; None where the mistake that was drawn cannot be written."""
    if belief.done == len(chain.operations):
        answer = _slipped(belief.value, rng) if rng.random() < error_rate else belief.value
        return f"{say_value(answer)}{ANSWER_MARK}{answer}"
    if rng.random() < NEUTRAL_RATE:
        return _neutral(chain, belief.done, belief.value, error_rate, rng)[0]
    mistake = rng.choice(MISTAKES) if rng.random() < error_rate else "none"
    done, base, operation = _attempt(chain, belief, mistake, rng)
    truth = operation.apply(base)
    if not 0 <= truth <= HIGHEST:
        return None
    result = _slipped(truth, rng) if mistake in ("slip", "healed") else truth
    step = say_operation("", base, operation, result)
    return f"{step}{ANSWER_MARK}{_answer(result, error_rate, rng)}" if done == len(chain.operations) else step
