"""Final answers as strings: find them in a solution, bring them to comparable forms, decide what strings can decide.

The rules are those of the PRM800K grader (openai/prm800k, grading/), re-implemented from their description; where we
differ on purpose, docs/grading.md gives the reason. Standard library only, and nothing is ever evaluated, so that every
process may run this on text that a model wrote.
"""

import re
from collections import deque
from collections.abc import Callable
from fractions import Fraction

ANSWER_MARK = "\n\n# Answer\n\n"  # between the last step and the answer, in PRM800K's way
Pair = tuple[str, str]
Rules = list[tuple[re.Pattern[str], str]]


def _rules(*pairs: Pair) -> Rules:
    return [(re.compile(pattern), replacement) for pattern, replacement in pairs]


def _rewrite(text: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


# PRM800K's heading, GSM8K's line, the "A:" of GSM8K samples, Math-Shepherd's sentence. The answer is the next line of text.
_ANNOUNCEMENT = re.compile(
    r"^\#{1,6}[ ]*answer\b:?\s* | ^\#{4}\s* | ^(?-i:A|Answer|Final[ ][Aa]nswer):\s* | \banswer[ ]is:\s*",
    re.MULTILINE | re.IGNORECASE | re.VERBOSE,
)
_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-z])\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_IN_MATHS_MODE = re.compile(r"(?:\$([^$]+)\$|\\\((.+)\\\)|\\\[(.+)\\\])(?:\.(?:\s.*)?)?")
_FULL_STOP = re.compile(r"(?<!\.[A-Za-z])\.$")  # not the last one of "4:30 p.m."


def extract_answer(text: str) -> str | None:
    """The final answer that a solution names, or None. The last box or announcement counts, also when it is cut off."""
    announced, box = _last(_ANNOUNCEMENT, text), _last(_BOX, text)
    if box and (not announced or box.start() > announced.start()):
        return _inside_box(text[box.end() :]).strip() or None
    return _bare(text[announced.end() :].partition("\n")[0]) or None if announced else None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _inside_box(rest: str) -> str:
    r"""What `{…}` at the start of the text holds, escaped braces aside; `\boxed 5` holds one word; cut off: nothing."""
    if not rest.startswith("{"):
        return re.split(r"[\s$]", rest, maxsplit=1)[0].removesuffix(".")
    depth = 0
    for brace in _BRACE.finditer(rest):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return rest[1 : brace.start()]
    return ""


def _bare(line: str) -> str:
    """Without the signs of maths mode around the whole, and without the full stop of the sentence."""
    if maths := _IN_MATHS_MODE.fullmatch(line.strip()):
        line = next(filter(None, maths.groups()))
    return _FULL_STOP.sub("", line.strip()).strip()


_OUTER_TEXT = (r"^\s*\\text\{([^{}]+)\}\s*$", r"\1")
# First form: how MATH's own comparison tidies LaTeX. Equal here is equal.
_TIDY = _rules(
    _OUTER_TEXT,
    (r"\\!|\n", ""),
    (r"\\\\", r"\\"),
    (r"\\[dt]frac", r"\\frac"),
    (r"\\(?:left|right)(?![A-Za-z])", ""),
    (r"\^\s*(?:\\circ|\{\s*\\circ\s*\})", ""),
    (r"\\\$|\\%", ""),
    (r"(?<=.)\\text\{ [^{}]*\}\s*$", ""),  # a unit on the right
    (r"(^|[ {])\.(?=\d)", r"\g<1>0."),
    (r"^\s*[A-Za-z]\w? ?=(?=[^=]+$)", ""),  # "x = 5" answers "x"
    (r"\\sqrt\s*([^\s{\[\\])", r"\\sqrt{\1}"),
    (r" ", ""),
    (r"\\frac([^{\\])", r"\\frac{\1}"),
    (r"\\frac\{([^{}]*)\}([^{\\])", r"\\frac{\1}{\2}"),
    (r"^0\.5$", r"\\frac{1}{2}"),
    (r"^(-?\d+)/(-?\d+)$", r"\\frac{\1}{\2}"),
)

_UNIT_WORDS = "degree cm centimeter meter mile second minute hour day week month year foot feet inch yard"
_UNITS = _rules((rf"(?:{_UNIT_WORDS.replace(' ', '|')})(?:es)?s? *(?:\^[0-9]+)?", ""))
_BEFORE_UNITS = _rules(
    _OUTER_TEXT,
    (r"\\?[%$]", ""),
    (r" (?:or|and) ", " , "),
    (r"million", "*10^6"),
    (r"billion", "*10^9"),
    (r"trillion", "*10^12"),
)
_BEFORE_LATEX = _rules(
    (r"\^ *(?:\\circ|\{\\circ\})", ""),
    (r"^\{(.*)\}$", r"\1"),
    (r",\\! *", ""),
    (r"\\(?:left|right)(?![A-Za-z])", ""),
    (r"\\(?:text|textbf|textit|mathrm|mathbf) *\{([^{}]*)\}", r"\1"),
    (r"\\[dt]frac", r"\\frac"),
    (r"\\frac *(\d) *(\d)", r"\\frac{\1}{\2}"),
    (r"\\frac *\{ *(-?\d+) *\} *\{ *(-?\d+) *\}", r" \1/\2"),  # the space keeps 1\frac{1}{2} a mixed number
)
_AFTER_LATEX = _rules(
    (r"- *", "-"),
    (r"([0-9]) +([0-9])", r"\1+\2"),  # 7 3/4
    (r" ", ""),
    (r"\^\{(?!-?(?:\d+|[A-Za-zα-ω]|pi)\})([^{}]+)\}", r"^(\1)"),  # e^{2x} is not e^2 x
    (r"[{}]", ""),
)
_THOUSANDS_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_MOST_DIGITS = 1000  # from 4,300 on int() refuses
_FRACTION = re.compile(r"[+-]?\d+/0*[1-9]\d*", re.ASCII)
_ALGEBRA = re.compile(r"[0-9a-zα-ω+\-*/^().!_]+", re.ASCII)
# Towers and long exponents: PRM800K's grader refuses them; a letter after a dot would be an attribute of an object.
_REFUSED = re.compile(r"\^\(|\^\d+\^|\^\d\d|__|\.[^\d+\-*/^().!]")
_MOST_LETTERS = 2  # more, and the PRM800K grader does not trust its algebra


def tidy_latex(answer: str) -> str:
    return _rewrite(answer, _TIDY)


def plain_form(answer: str, to_text: Callable[[str], str] | None) -> str | None:
    """Lower-case text without units, spaces and LaTeX; None when LaTeX remains and nobody was given to read it.

    An answer that is nothing but a unit keeps it: "inches" and "cm" are two answers.
    """
    start = _rewrite(answer.strip(), _BEFORE_UNITS)
    return _without_latex(_rewrite(start, _UNITS), to_text) or _without_latex(start, to_text)


def _without_latex(text: str, to_text: Callable[[str], str] | None) -> str | None:
    text = _rewrite(text.strip(), _BEFORE_LATEX)
    text = _integer(text) or text
    if "\\" in text:
        if to_text is None:
            return None
        text = to_text(text).strip()
    text = _rewrite(text, _AFTER_LATEX).lower()
    return _integer(_THOUSANDS_COMMA.sub("", text)) or text


def number(text: str) -> Fraction | None:
    """The exact value of a decimal or of a fraction of integers, unless it has more digits than Python likes to read."""
    text = text.strip()
    if len(text) > _MOST_DIGITS:
        return None
    return Fraction(text) if _NUMBER.fullmatch(text) or _FRACTION.fullmatch(text) else None


def _integer(text: str) -> str | None:
    """The integer that a decimal denotes (to 1e-7, as published), else None."""
    value = number(text) if _NUMBER.fullmatch(text.strip()) else None
    return str(round(value)) if value is not None and abs(value - round(value)) <= Fraction(1, 10**7) else None


def decide(first: str, second: str, to_text: Callable[[str], str] | None) -> bool | list[Pair] | None:
    """True or False where strings decide; else the pairs whose difference must be zero; None when LaTeX must be read."""
    if tidy_latex(first) == tidy_latex(second):
        return True
    left, right = plain_form(first, to_text), plain_form(second, to_text)
    if left is None or right is None:
        return None
    if left == right or not left or not right:
        return left == right
    return _decide_elements(left, right)


def _decide_elements(left: str, right: str) -> bool | list[Pair]:
    pairs = list(zip(mine := _elements(left), yours := _elements(right), strict=False))
    brackets_differ = len(mine) > 1 and (left[0], left[-1]) != (right[0], right[-1])
    if len(mine) != len(yours) or brackets_differ:
        return False
    verdicts = [_decide_element(*pair) for pair in pairs]
    if False in verdicts:
        return False
    return [pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict is None] or True


def _elements(form: str) -> list[str]:
    """The members of a tuple or interval; anything else is one element."""
    form = _THOUSANDS_COMMA.sub("", form)
    if len(form) > 2 and form[0] in "([" and form[-1] in ")]" and not set("()[]") & set(form[1:-1]):
        return form[1:-1].split(",")
    return [form]


def _decide_element(left: str, right: str) -> bool | None:
    """None: only algebra can tell."""
    if left == right:
        return True
    if _FRACTION.fullmatch(left) and _FRACTION.fullmatch(right):
        return False  # an unreduced fraction is not the reduced one
    if (_integer(left) is None) != (_integer(right) is None):
        return False  # an integer must be written as one
    values = number(left), number(right)
    if None not in values:
        return values[0] == values[1]
    return None if _allowed_in_algebra(left) and _allowed_in_algebra(right) and _few_letters(left + right) else False


def _allowed_in_algebra(element: str) -> bool:
    return bool(_ALGEBRA.fullmatch(element)) and not _REFUSED.search(element)


def _few_letters(text: str) -> bool:
    return len({letter for letter in text.replace("sqrt", "") if letter.isalpha()}) <= _MOST_LETTERS
