"""What an answer comes to when its letters stand for fixed numbers: where two values differ, so do the answers.

Only to save questions to the grader, never to call two answers equal. Nothing is handed to `eval`: Python's parser gives
a tree, and of that only sums, products, powers, roots and names are read, in floats, so that no power takes long.
"""

import ast
import cmath
import operator
import re
import zlib
from collections.abc import Callable

from active_learning.answers import plain_form, tidy_latex

MAX_LENGTH = 100  # characters; longer answers are left to the grader
# In this order: a fraction may hold roots.
_LATEX = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\sqrt *\{([^{}]*)\}", r"sqrt(\1)"),
        (r"\\frac *\{([^{}]*)\} *\{([^{}]*)\}", r"((\1)/(\2))"),
        (r"\\pi(?![a-zA-Z])", "pi"),
        (r"\\(?:cdot|times)(?![a-zA-Z])", "*"),
    )
]
_TOKEN = r"sqrt(?=\()|pi|[a-z]|\d+\.?\d*|\.\d+|[-+*/^()]"
_EXPRESSION = re.compile(rf"(?:{_TOKEN})+")
# Where sympy and we might read differently: 2e5x, f(x), (x)2, 1.2.3.
_UNCLEAR = re.compile(r"\de\d|\)\d|(?<!sqrt)(?<!pi)(?<=[a-z])\(|\.\d*\.")
_STARTS_FACTOR = re.compile(r"[a-z(\d.]")
_OPERATORS: dict[type[ast.operator | ast.unaryop], Callable[..., complex]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def value_of(answer: str) -> complex | None:
    """None for what is no plain expression, has no finite value, or reads differently by the grader's two ways."""
    if len(answer) > MAX_LENGTH:
        return None
    plain, tidied = (_value(plain_form(text, _read_latex)) for text in (answer, tidy_latex(answer)))
    return plain if plain is not None and plain == tidied else None


def _read_latex(text: str) -> str:
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    return text


def _value(form: str | None) -> complex | None:
    if form is None or not _EXPRESSION.fullmatch(form) or _UNCLEAR.search(form):
        return None
    try:
        value = _calculate(ast.parse(_spelled_out(form), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None
    return value if value is not None and cmath.isfinite(value) else None


def _spelled_out(form: str) -> str:
    """With every sign of multiplication, as sympy reads: 2ab^2 is 2·a·b²."""
    text = ""
    for token in re.findall(_TOKEN, form):
        follows_factor = text[-1:].isalnum() or text[-1:] in (")", ".")
        text += "*" if follows_factor and not text.endswith("sqrt") and _STARTS_FACTOR.match(token) else ""
        text += "**" if token == "^" else token
    return text


def _calculate(tree: ast.expr) -> complex:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return complex(number)
        case ast.Name(id="pi"):
            return complex(cmath.pi)
        case ast.Name(id=name):
            return complex(1 + zlib.crc32(name.encode()) / 2**32)  # some number, always the same
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_calculate(left), _calculate(right))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_calculate(operand))
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return cmath.sqrt(_calculate(argument))
    raise ValueError("not a plain expression")
