"""The process in which answers that a model wrote meet sympy, pylatexenc and math-verify: `python -m`, started by grading.

sympy's parser is Python's `eval`, and a short answer (`9**9**9`) can run for ever. Hence two processes: this one reads
requests and never looks at an answer; it forks a worker that does, within limits that the kernel enforces. A worker
that breaks them dies alone, and the next one is a fork away (milliseconds, not the second that importing sympy takes).

Protocol, one line each way: `["given", "truth", ask math-verify too]` in; `[matches, math-verify agrees | null]` out, or
`null` for no verdict.
Both processes end when their standard input or socket does, so none outlives the process that grades.
"""

import contextlib
import json
import logging
import os
import re
import resource
import signal
import socket
import sys
import warnings
from typing import Any, BinaryIO

import sympy
from math_verify import LatexExtractionConfig, parse, verify
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from sympy.parsing.sympy_parser import implicit_multiplication_application, parse_expr, standard_transformations

from active_learning.answers import Pair, decide

_LIMITS = {resource.RLIMIT_AS: 1 << 30, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}  # bytes

# --- LaTeX to text --------------------------------------------------------------------------------------------------

_SIGNS = str.maketrans({"√": "sqrt", "π": "pi", "∞": "inf", "∪": "U", "·": "*", "×": "*"})
_FACTOR = re.compile(r"\d+(?:\.\d+)?|[A-Za-zα-ω]|sqrt\([^()]*\)")


def _arguments(node: Any, reader: LatexNodes2Text) -> list[str]:
    texts = ("" if arg is None else reader.nodelist_to_text([arg]) for arg in node.nodeargd.argnlist)
    return [text.strip().removeprefix("{").removesuffix("}").translate(_SIGNS) for text in texts]


def _fraction(node: Any, l2tobj: LatexNodes2Text) -> str:
    """`a/b`; in brackets where the line would otherwise read as another fraction: 1/(x+1) is not 1/x+1."""
    above, below = _arguments(node, l2tobj)
    is_sum = re.search(r".[+-]", above) is not None
    if not is_sum and _FACTOR.fullmatch(below):
        return f" {above}/{below}"  # the space keeps mixed numbers apart
    return f"(({above})/({below}))"


def _root(node: Any, l2tobj: LatexNodes2Text) -> str:
    index, body = _arguments(node, l2tobj)
    return f"root({body},{index})" if index else f"sqrt({body})"


def _overline(node: Any, l2tobj: LatexNodes2Text) -> str:
    """A repeating decimal keeps its line: 0.333… is not 0.3."""
    (body,) = _arguments(node, l2tobj)
    return f"overline({body})" if body.isdigit() else body


_CONTEXT = get_default_latex_context_db()
_CONTEXT.add_context_category(
    "answers",
    prepend=True,
    macros=[
        MacroTextSpec("frac", simplify_repl=_fraction),
        MacroTextSpec("sqrt", simplify_repl=_root),
        MacroTextSpec("overline", simplify_repl=_overline),
        MacroTextSpec("binom", simplify_repl="binom"),
    ],
)
_READER = LatexNodes2Text(latex_context=_CONTEXT, keep_braced_groups=True)


def latex_to_text(latex: str) -> str:
    try:
        return str(_READER.latex_to_text(latex)).translate(_SIGNS)
    except Exception:  # \\frac without arguments, unbalanced braces, …: then it is compared as it stands
        return latex


# --- The two graders ------------------------------------------------------------------------------------------------

# All that an answer may name. Without builtins here, eval would bring Python's own.
_NAMES = {
    "__builtins__": {},
    **{name: getattr(sympy, name) for name in ("Symbol", "Function", "Number", "Integer", "Float", "Rational")},
    **{name: getattr(sympy, name) for name in ("factorial", "factorial2", "sqrt", "pi", "ln")},
}
_TRANSFORMATIONS = (*standard_transformations, implicit_multiplication_application)


def matches(first: str, second: str) -> bool:
    """The PRM800K grader's verdict. Sorted, so that no rule can depend on which of the two is the truth."""
    first, second = sorted((first, second))
    verdict = decide(first, second, latex_to_text)
    return all(map(_same_in_algebra, verdict)) if isinstance(verdict, list) else bool(verdict)


def _same_in_algebra(pair: Pair) -> bool:
    """Both sides passed the allow list of `answers`; only then do they come near a parser that evaluates."""
    difference = "({})-({})".format(*(side.replace("^", "**") for side in pair))
    try:
        return bool(sympy.simplify(parse_expr(difference, {}, _TRANSFORMATIONS, dict(_NAMES))) == 0)
    except Exception:  # whatever a parser throws at nonsense; the published grader reads all of it as "no"
        return False


def math_verify_agrees(given: str, truth: str) -> bool | None:
    """The second opinion; None when it could not read one of the two. Its own time limits need the main thread: off."""
    # LaTeX only: its extraction of plain expressions goes through eval.
    config = [LatexExtractionConfig()]
    try:
        gold, target = (parse(f"${text}$", extraction_config=config, parsing_timeout=None) for text in (truth, given))
        return bool(verify(gold, target, timeout_seconds=None)) if gold and target else None
    except Exception:  # it raises anything on nonsense; then there is no second opinion
        return None


# --- Serving --------------------------------------------------------------------------------------------------------

# Loads what sympy and antlr load on first use, before any clock runs.
_WARM_UP = [["(x+1)^2", "x^2+2x+2"], ["\\frac{2\\sqrt{3}}{3}", "\\frac{\\pi}{5}"], ["[0,1)", "\\{1,2\\}"]]


def _judge(request: bytes) -> bytes:
    given, truth, ask_both = json.loads(request)
    match = matches(given, truth)
    second = math_verify_agrees(given, truth) if ask_both and not match else None
    return json.dumps([match, second]).encode() + b"\n"


def _work(channel: socket.socket, cpu_seconds: float) -> None:
    """Answer until the socket closes. Out of processor time, the kernel ends the process, whatever it is at."""
    for limit, value in _LIMITS.items():
        with contextlib.suppress(ValueError, OSError):  # macOS does not limit address space
            resource.setrlimit(limit, (value, value))
    with channel.makefile("rb") as requests:
        for request in requests:
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            reply = _judge(request)
            signal.setitimer(signal.ITIMER_PROF, 0)
            channel.sendall(reply)


def _fork_worker(cpu_seconds: float) -> tuple[int, socket.socket]:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    try:
        ours.close()  # else the worker would hold its own socket open, and never see its end
        os.close(sys.stdin.fileno())
        _work(theirs, cpu_seconds)
    finally:
        os._exit(0)


class _KilledError(Exception):
    """Somebody else ended the worker; nothing is known about the answers."""


def _exchange(worker: tuple[int, socket.socket], request: bytes, wall_seconds: float) -> bytes:
    """The worker's reply, a short line; empty when the pair broke its limits, and with them the worker."""
    pid, channel = worker
    channel.settimeout(wall_seconds)
    try:
        channel.sendall(request)
        reply = channel.recv(4096)
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return b""
    except OSError:
        reply = b""
    if not reply and os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL:
        raise _KilledError
    return reply


def _serve(cpu_seconds: float, wall_seconds: float, replies: BinaryIO) -> None:
    worker = None
    for request in sys.stdin.buffer:
        reply = b""
        for _ in range(2):  # a worker that somebody killed is replaced, once
            worker = worker or _fork_worker(cpu_seconds)
            try:
                reply = _exchange(worker, request, wall_seconds)
            except _KilledError:
                worker = None
                continue
            break
        worker = worker if reply else None
        replies.write(reply or b"null\n")


def main(cpu_seconds: float, wall_seconds: float) -> None:
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # What a library prints must not end up among the replies.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    logging.disable()
    warnings.simplefilter("ignore")
    for pair in _WARM_UP:
        _judge(json.dumps([*pair, True]).encode())
    replies.write(b"ready\n")
    _serve(cpu_seconds, wall_seconds, replies)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
