"""Where a solution is cut into steps (Lightman et al. 2023, §2.3: a step is a line), and where a generator's text ends."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from active_learning.answers import ANSWER_MARK, extract_answer
from active_learning.records import ANSWER_HEADING
from active_learning.strict_json import UNSTORABLE

LINE_ENDS = re.compile(r"\n(?=[^\n]*\S)")
HEADING = ANSWER_MARK.strip()
WHOLE = re.compile(rf"(?:^|\n){HEADING}[ \t]*\n\n[^\n]*\S[^\n]*\n")  # nothing that follows belongs to the solution


@dataclass(frozen=True)
class Sampled:
    """One solution as it was sampled; without an answer it was cut off, and is incomplete."""

    steps: tuple[str, ...]
    answer: str | None


def split_steps(text: str, ends: re.Pattern[str] = LINE_ENDS) -> tuple[str, ...]:
    r"""Cut a solution into steps, none of them blank: `"\n".join(steps)` is the text again.

    A step is a line; blank lines stay at the end of the step before, and from PRM800K's last `# Answer` heading on
    all stays in the last step.
    """
    heading = list(ANSWER_HEADING.finditer(text))
    worked = text[: heading[-1].start()] if heading else text
    if not worked.strip():
        return (text,)
    indent = len(worked) - len(worked.lstrip())
    steps = ends.split(worked[indent:])
    steps[0] = worked[:indent] + steps[0]
    steps[-1] += text[len(worked) :]
    return tuple(steps)


# What a generator wrote ----------------------------------------------------------------------------------------------


def first_step(text: str, *, is_over: bool) -> str | None:
    """The first step of a generator's text; None as long as more text could still change it.

    A step is a line, and the answer that follows it in PRM800K's way stays in it. `is_over`: no more text will come.
    """
    text = text.lstrip()
    line, newline, _ = text.partition("\n")
    is_heading = line.rstrip() == HEADING  # an answer that is a step of its own
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


def whole_solution(text: str, *, is_over: bool) -> Sampled:
    """What a generator says after its answer is no part of the solution; what it was saying when it was cut off is.

    Blank text, and such with characters that cannot be stored, has no steps.
    """
    ending = WHOLE.search(text)
    text = (text[: ending.end()] if ending else text).strip()
    if not text or UNSTORABLE.search(text):
        return Sampled((), None)
    return Sampled(split_steps(text), extract_answer(text) if ending or is_over else None)


def ends_solution(step: str, *, is_over: bool) -> bool | None:
    """Whether a step ends its solution: with an answer in PRM800K's way, or any where the generator says no more.

    None where it says no more and has given no answer.
    """
    if WHOLE.search(f"{step}\n"):
        return True
    return None if is_over and extract_answer(step) is None else is_over


IS_ENOUGH: dict[str, Callable[[str], bool]] = {
    "step": lambda text: first_step(text, is_over=False) is not None,
    "answer": lambda text: WHOLE.search(text) is not None,
}
