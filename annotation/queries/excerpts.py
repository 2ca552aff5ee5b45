"""The beginning of a text, by which a person knows it again."""

import re

EXCERPT = 160  # characters
LEAST = 40  # and the text is cut inside a formula where else less would be left
LONGEST_FORMULA = 2_000
# A backslash before a dollar sign or another backslash takes its meaning away.
FORMULA = re.compile(
    r"\\[\\$]|\$\$.*?\$\$|\$(?:\\.|[^$\\])*\$|\\\[.*?\\\]|\\\(.*?\\\)|\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL
)


def excerpt(text: str) -> str:
    """What goes on ends with an ellipsis, and before a formula that would be cut: half a formula is noise."""
    if len(text) <= EXCERPT:
        return text
    spans = (formula.span() for formula in FORMULA.finditer(text[: EXCERPT + LONGEST_FORMULA]))
    end = next((begin for begin, end in spans if LEAST <= begin < EXCERPT < end), EXCERPT)
    return text[:end].rstrip() + " …"
