"""Chain arithmetic: its problems, its sentences, and a symbolic oracle that rates every step.

A problem is a start and a list of operations, a solution carries them out one by one. The wording is for people;
all of it that means nothing is listed in FILLERS, so that the tokenizer of the small base model can leave it out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from active_learning.answers import ANSWER_MARK as ANSWER_MARK  # one of this domain's sentences too

HIGHEST = 60  # every number is between 0 and this, each one token of the base model
SIGNS = {"+": "+", "-": "-", "*": r"\times", "/": r"\div"}
VERBS = {"+": "Add", "-": "Subtract", "*": "Multiply by"}
OPENINGS = ("", "Now ", "Then ", "So ", "This gives ", "We get ", "That makes ")
CLOSINGS = ("What number do you get?", "What is the result?", "What number is left at the end?")
FILLERS = ("the", "with", "we", "instruction is to", "so", "have", "then", *CLOSINGS, *(o for o in OPENINGS if o))

NEUTRAL, POSITIVE, NEGATIVE = 0, 1, -1


@dataclass(frozen=True)
class Operation:
    sign: str
    operand: int

    def apply(self, value: int) -> int:
        match self.sign:
            case "+":
                return value + self.operand
            case "-":
                return value - self.operand
            case "*":
                return value * self.operand
        # An inexact division equals nothing that can be written, so that a check by division cannot pass by rounding.
        return value // self.operand if value % self.operand == 0 else -1

    def inverse(self) -> "Operation":
        return Operation({"+": "-", "-": "+", "*": "/", "/": "*"}[self.sign], self.operand)

    def sentence(self) -> str:
        return f"{VERBS[self.sign]} ${self.operand}$"


@dataclass(frozen=True)
class Chain:
    start: int
    operations: tuple[Operation, ...]

    def values(self) -> list[int]:
        """The start and the value after each operation."""
        values = [self.start]
        for operation in self.operations:
            values.append(operation.apply(values[-1]))
        return values

    def text(self, closing: str = CLOSINGS[0]) -> str:
        first, *others = [operation.sentence() for operation in self.operations]
        middle = "".join(f", {sentence.lower()}" for sentence in others[:-1])
        last = f", then {others[-1].lower()}" if others else ""
        return f"Start with ${self.start}$. {first}{middle}{last}. {closing}"


# Sentences: what a step can say -------------------------------------------------------------------------------------


def equation(value: int, operation: Operation, result: int) -> str:
    return f"${value} {SIGNS[operation.sign]} {operation.operand} = {result}$"


def say_start(value: int) -> str:
    return f"We start with ${value}$."


def say_next(operation: Operation) -> str:
    return f"The next instruction is to {operation.sentence().lower()}."


def say_value(value: int) -> str:
    return f"So far we have ${value}$."


def say_check(value: int, operation: Operation, result: int) -> str:
    return f"Check: {equation(value, operation, result)}."


def say_operation(opening: str, value: int, operation: Operation, result: int) -> str:
    return f"{opening}{equation(value, operation, result)}."


# Reading: the oracle knows only the text, as a labeler does ---------------------------------------------------------

PROBLEM = re.compile(r"Start with \$(\d+)\$\. (.*?)\. ")
INSTRUCTION = re.compile(r"(add|subtract|multiply by) \$(\d+)\$", re.IGNORECASE)
EQUATION = re.compile(r"\$(\d+) (\+|-|\\times|\\div) (\d+) = (\d+)\$")
START, SO_FAR = re.compile(r"We start with \$(\d+)\$\."), re.compile(r"So far we have \$(\d+)\$\.")


class Unreadable(ValueError):
    """The oracle cannot read this text; it knows only the sentences of the toy domain."""


def read_problem(text: str) -> Chain:
    found = PROBLEM.match(text)
    if found is None:
        raise Unreadable(f"Not a chain arithmetic problem: {text[:80]!r}")
    return Chain(int(found[1]), tuple(_read_operations(found[2])))


def read_equation(step: str) -> tuple[int, Operation, int]:
    found = EQUATION.search(step)
    if found is None:
        raise Unreadable(f"Not a step of chain arithmetic: {step[:80]!r}")
    sign = next(sign for sign, written in SIGNS.items() if written == found[2])
    return int(found[1]), Operation(sign, int(found[3])), int(found[4])


def rate(problem: str, steps: list[str]) -> list[int]:
    """The true rating of every step: −1, 0 or +1. All steps after the first wrong one build on it and are −1.

    Raises Unreadable for a step that is not of this domain.
    """
    chain = read_problem(problem)
    ratings: list[int] = []
    done = 0  # how many operations are carried out
    for step in steps:
        rating = _rate_step(chain, done, step)
        if NEGATIVE in ratings:
            rating = NEGATIVE
        done += rating == POSITIVE
        ratings.append(rating)
    return ratings


def to_first_error(ratings: Sequence[int]) -> list[int]:
    """Those that a labeler gives, who stops at the first bad step."""
    return [*ratings[: ratings.index(NEGATIVE) + 1]] if NEGATIVE in ratings else [*ratings]


def mistaken(rating: int, chance: float, rng: Random) -> int:
    """With this chance one of the other two ratings."""
    others = [other for other in (NEGATIVE, NEUTRAL, POSITIVE) if other != rating]
    return rng.choice(others) if rng.random() < chance else rating


def _rate_step(chain: Chain, done: int, step: str) -> int:
    text, _, answer = step.partition(ANSWER_MARK)
    values = chain.values()
    if found := START.fullmatch(text):
        truth = done == 0 and int(found[1]) == chain.start
    elif found := SO_FAR.fullmatch(text):
        truth = int(found[1]) == values[done]
    elif text.startswith("The next instruction"):
        truth = _read_operations(text) == list(chain.operations[done : done + 1])
    else:
        return _rate_equation(chain, done, text, answer)
    return NEUTRAL if truth and not answer else NEGATIVE


def _rate_equation(chain: Chain, done: int, text: str, answer: str) -> int:
    value, operation, result = read_equation(text)
    values = chain.values()
    if value != values[done] or operation.apply(value) != result:
        return NEGATIVE
    if text.startswith("Check:"):
        return NEUTRAL if done and operation == chain.operations[done - 1].inverse() and not answer else NEGATIVE
    if chain.operations[done : done + 1] != (operation,):
        return NEGATIVE
    is_last = done + 1 == len(chain.operations)
    return POSITIVE if answer == (str(values[-1]) if is_last else "") else NEGATIVE


def _read_operations(text: str) -> list[Operation]:
    signs = {verb.lower(): sign for sign, verb in VERBS.items()}
    return [Operation(signs[verb.lower()], int(operand)) for verb, operand in INSTRUCTION.findall(text)]
