"""Where a solution is cut into steps (Lightman et al. 2023, §2.3: a step is a line)."""

import re

from active_learning.records import ANSWER_HEADING

LINE_ENDS = re.compile(r"\n(?=[^\n]*\S)")


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
