"""Math-Shepherd's published dataset (Wang et al. 2023): {"input", "label", "task"}, a solution a line.

`input` is the problem and its steps, each headed "Step N: " and ended by the sign ки; `label` is the same text with +
or - in the place of each sign. Only the sign says where a step ends, so that a text with the sign in it cannot be
written; + and - anywhere else are plain text. Loads without torch.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from active_learning.strict_json import Fields, RecordError, load_json

SIGN = "ки"
FIRST_HEADING = " Step 1: "
HEADING = re.compile(r"\s*Step \d+: ?")
GOOD, BAD = "+", "-"


class ShepherdError(ValueError):
    """This solution cannot be written so that it is read as it was."""


class SignInside(ShepherdError):
    """It holds the sign that Math-Shepherd ends steps with."""


class HeadingInside(ShepherdError):
    """The problem holds the heading by which Math-Shepherd's first step is found."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A solution of which each step is good, or is not."""

    problem: str
    steps: tuple[str, ...]
    is_good: tuple[bool, ...]
    task: str  # the name of the dataset that the problem is from: GSM8K, MATH


def row_of(signed: Signed) -> dict[str, str]:
    """The JSON object of a line, which `read_line` reads as what it was made of. Raises ShepherdError."""
    if any(SIGN in text for text in (signed.problem, *signed.steps)):
        raise SignInside(SignInside.__doc__)
    if not signed.steps:
        raise ShepherdError("There is no step to sign.")
    if FIRST_HEADING in f"{signed.problem} ":
        raise HeadingInside(HeadingInside.__doc__)
    signs = [GOOD if good else BAD for good in signed.is_good]
    return {"input": _text(signed, [SIGN] * len(signs)), "label": _text(signed, signs), "task": signed.task}


def _text(signed: Signed, signs: Sequence[str]) -> str:
    steps = zip(signed.steps, signs, strict=True)
    return f"{signed.problem} " + "\n".join(f"Step {n}: {text} {sign}" for n, (text, sign) in enumerate(steps, start=1))


def read_line(line: bytes) -> Signed:
    """One published line, or one of ours; raises RecordError."""
    fields = Fields(load_json(line))
    *parts, rest = fields.take("input", str).split(SIGN)
    if not parts or rest.strip():
        raise RecordError("input", f"each step ends with {SIGN}, and nothing follows the last one")
    is_good = _signs(fields.take("label", str), [*parts, rest])
    problem, found, first = parts[0].partition(FIRST_HEADING)
    if not found:
        raise RecordError("input", f"the first step begins with “{FIRST_HEADING.strip()}”, and none does")
    steps = [first, *(HEADING.sub("", part, count=1) if HEADING.match(part) else part.lstrip() for part in parts[1:])]
    return Signed(problem, tuple(step.removesuffix(" ") for step in steps), is_good, fields.take("task", str))


def _signs(label: str, parts: Sequence[str]) -> tuple[bool, ...]:
    """What stands in `label` where `input` has its sign, between the same texts."""
    found, place = [], 0
    for number, part in enumerate(parts, start=1):
        end = place + len(part)
        if label[place:end] != part:
            raise RecordError("label", f"differs from input in the text of step {number}")
        if number < len(parts):
            if label[end : end + 1] not in (GOOD, BAD):
                raise RecordError("label", f"has neither {GOOD} nor {BAD} where step {number} ends")
            found.append(label[end] == GOOD)
        place = end + 1
    if place <= len(label):
        raise RecordError("label", "goes on after input has ended")
    return tuple(found)
