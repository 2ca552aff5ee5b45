"""Mathematics that the labeling page could not typeset, told without typesetting it.

Formulas are found by the rules of labeling_ui/static/labeling_ui/js/maths_text.js, in the same order. What is looked
at in them: braces, \\left and \\right, environments and their columns, length, nesting, and the commands of LaTeX that
mathematics in the wild has and KaTeX has not. On MATH's 17,540 problems and solutions KaTeX cannot typeset something in
120; this finds those and no others. Any other command that KaTeX does not know is not told.
"""

import re
from collections.abc import Iterator

# As in maths_text.js: beyond these the page shows the source instead.
MAX_FORMULA = 2_000
MAX_TEXT = 20_000
MAX_FORMULAS = 200
MAX_NESTING = 20

OPENER = re.compile(r"\\[\\$]|\\\(|\\\[|\\begin\{([a-zA-Z]+\*?)\}|\$\$?|```|\[asy\]")
CLOSERS = {"$$": "$$", "\\(": "\\)", "\\[": "\\]", "```": "```", "[asy]": "[/asy]"}
CODE = {"```", "[asy]"}
PRICE = re.compile(r"\$\s?\d")
TOKEN = re.compile(r"\\(?:left|right)(?![a-zA-Z])|\\(begin|end)\{([a-zA-Z]+\*?)\}|\\.|[{}]", re.DOTALL)
# KaTeX's: https://katex.org/docs/supported
STARRED = {"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "align", "alignat", "gather", "equation"}
ENVIRONMENTS = (
    STARRED
    | {f"{name}*" for name in STARRED}
    | {"smallmatrix", "array", "darray", "subarray", "cases", "dcases", "rcases", "drcases", "CD"}
    | {"aligned", "alignedat", "gathered", "split"}
)
COLUMNS = re.compile(r"\\begin\{(?:array|darray)\}\s*(?:\[[a-z]\])?\s*\{(?![lcr|:\s]*\})")
UNKNOWN = re.compile(
    r"\\(?:multicolumn|multirow|cline|root|centerline|cancelto|vspace|indent|noindent|label|ref|eqref|hfill|vfill|qedhere|par"
    r"|footnote|item|textsc|parbox|scalebox)(?![a-zA-Z])"
)
DEFINITION = re.compile(
    r"(?<!\\)(?:\\\\)*(\\(?:[gex]?def|(?:future)?let|(?:re)?newcommand|providecommand))(?![a-zA-Z@])"
)


def faults(text: str) -> Iterator[str]:
    """What is wrong with the mathematics of one problem or step; nothing where the page will show it."""
    if len(text) > MAX_TEXT:
        yield f"longer than {MAX_TEXT:,} characters, so that its source is shown"
        return
    formulas = 0
    for mark, formula in _parts(text):
        if formula is None:
            yield f"{mark} without its end"
        elif mark not in CODE:
            formulas += 1
            if fault := _fault(formula):
                yield f"{fault}: {formula[:60]}{'…' if len(formula) > 60 else ''}"
    if formulas > MAX_FORMULAS:
        yield f"{formulas} formulas, of which {MAX_FORMULAS} are typeset"


def _parts(text: str) -> Iterator[tuple[str, str | None]]:
    """Opening mark and inside of every formula and piece of code; None as the inside where the end is missing."""
    at = 0
    while opener := OPENER.search(text, at):
        mark, name = opener[0], opener[1]
        at = opener.end()
        if mark in ("\\\\", "\\$"):
            continue
        end = _end_of_environment(text, opener.start(), name) if name else _end(text, CLOSERS.get(mark, mark), at)
        if mark == "$" and (end is None or _is_prose(text, at, end)):
            if not PRICE.match(text, opener.start()) and text.count("$", at) == 0:
                yield mark, None
        elif end is None:
            yield mark, None
        else:
            yield ("[asy]" if name == "tabular" else mark), text[opener.start() if name else at : end]
            at = end if name else end + len(CLOSERS.get(mark, mark))


def _is_prose(text: str, begin: int, end: int) -> bool:
    """Two dollar signs that are prices, or stand in different paragraphs."""
    inside = text[begin:end]
    if not inside.strip() or "\n\n" in inside:
        return True
    if not inside[0].isdigit():
        return False
    if inside[-1].isspace() and text[end + 1 : end + 2].isdigit():
        return True
    return bool(re.search(r"\s[a-zA-Z]{2,}\s+[a-zA-Z]{2,}", inside)) and not re.search(r"[\\^_=+*<>()]", inside)


def _end(text: str, mark: str, at: int) -> int | None:
    while (at := text.find(mark, at)) >= 0:
        slashes = len(text[:at]) - len(text[:at].rstrip("\\"))
        if slashes % 2 == 0:
            return at
        at += 1
    return None


def _end_of_environment(text: str, at: int, name: str) -> int | None:
    depth = 0
    for mark in re.compile(rf"\\(begin|end)\{{{re.escape(name)}\}}").finditer(text, at):
        depth += 1 if mark[1] == "begin" else -1
        if depth == 0:
            return mark.end()
        if depth > 2 * MAX_NESTING:
            return None
    return None


def _fault(formula: str) -> str:
    if len(formula) > MAX_FORMULA:
        return f"a formula of more than {MAX_FORMULA:,} characters"
    if COLUMNS.search(formula):
        return "columns of an array that are not l, c or r"
    if command := UNKNOWN.search(formula):
        return f"the command {command[0]} is not known"
    if definition := DEFINITION.search(formula):
        return f"{definition[1]} defines a command"
    open_: list[str] = []
    for token in TOKEN.finditer(formula):
        if fault := _step(open_, token):
            return fault
        if len(open_) > MAX_NESTING:
            return f"nested more than {MAX_NESTING} deep"
    return f"{open_[-1]} without its end" if open_ else ""


def _step(open_: list[str], token: re.Match[str]) -> str:
    """Take one token of a formula; what is wrong with it, if anything."""
    text = token[0]
    if token[1] == "begin" and token[2] not in ENVIRONMENTS:
        return f"the environment {token[2]} is not known"
    begins = {"{": "{", "\\left": "\\left"}.get(text) or (text if token[1] == "begin" else "")
    if begins:
        open_.append(begins)
        return ""
    ends = {"}": "{", "\\right": "\\left"}.get(text) or (f"\\begin{{{token[2]}}}" if token[1] == "end" else "")
    if ends and (not open_ or open_.pop() != ends):
        return f"{text} without its beginning"
    return ""
