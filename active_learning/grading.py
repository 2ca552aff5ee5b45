"""Is this the right answer? The PRM800K grader's verdict, and math-verify's where that one says no.

Strings decide most pairs here, in microseconds. The rest goes to a child process (grading_child) that this one starts
on first use, limits, kills and replaces; hostile answers cost it a worker and us `PATIENCE_SECONDS` at most. Safe to call
from threads and after a fork. Rules, deviations and reasons: docs/grading.md.
"""

import atexit
import contextlib
import enum
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path

from active_learning.answers import decide, extract_answer, number, plain_form

__all__ = [
    "GRADER_VERSION",
    "Grade",
    "GraderUnavailableError",
    "answers_match",
    "extract_answer",
    "grade",
    "grade_at_once",
]

GRADER_VERSION = "1+sympy-1.14.0+math-verify-0.9.0"  # stored with every verdict; a test holds it to what is installed

MAX_LENGTH = 300  # characters; the longest answer in MATH has 157. Longer ones are compared as strings only
# For one pair. Processor time first, kept by the kernel: so a verdict hardly depends on how busy the machine is. Then
# wall-clock time, kept by the child; and by us, in case the child itself is stuck, and must be replaced as a whole.
CPU_SECONDS, WALL_SECONDS, PATIENCE_SECONDS = 1.0, 1.5, 1.8
START_SECONDS = 60.0  # importing sympy takes 0.5 s on an idle machine

Verdicts = tuple[bool, bool | None]  # PRM800K's and math-verify's; None: not asked, or it could not read an answer


class Grade(enum.StrEnum):
    CORRECT = "correct"
    WRONG = "wrong"
    AMBIGUOUS = "ambiguous"
    UNGRADABLE = "ungradable"


class GraderUnavailableError(RuntimeError):
    """The child process does not start: a fault of the installation, never of an answer."""


class _NoVerdictError(Exception):
    """A pair broke the limits of the child."""


def answers_match(given: str | None, truth: str) -> bool:
    """The PRM800K grader's verdict; False for no answer and for what cannot be decided within the limits. Symmetric."""
    if given is None:
        return False
    verdict = _decide_here(given, truth)
    if verdict is not None:
        return verdict
    try:
        return _ask(given, truth, both=False)[0]
    except _NoVerdictError:
        return False


def grade(given: str | None, truth: str | None) -> Grade:
    """Correct if the PRM800K grader says so, wrong only if math-verify also says no, ambiguous if they differ.

    Ungradable: no answer (an incomplete solution is not a wrong answer), no truth, or one of the two graders had
    no verdict: it could not read an answer, or ran into its limits.
    """
    verdict = grade_at_once(given, truth)
    if verdict is not None:
        return verdict
    assert given is not None
    assert truth is not None
    try:
        match, second = _ask(given, truth, both=True)
    except _NoVerdictError:
        return Grade.UNGRADABLE
    if match:
        return Grade.CORRECT
    return {True: Grade.AMBIGUOUS, False: Grade.WRONG, None: Grade.UNGRADABLE}[second]


def grade_at_once(given: str | None, truth: str | None) -> Grade | None:
    """The verdict of grade() where strings decide it, in microseconds; None where the child has to be asked."""
    if not (given and given.strip() and truth and truth.strip()):
        return Grade.UNGRADABLE
    if _decide_here(given, truth):
        return Grade.CORRECT
    if _numbers_apart(given, truth):
        return Grade.WRONG
    return Grade.UNGRADABLE if _too_long(given, truth) else None


def _decide_here(given: str, truth: str) -> bool | None:
    """What strings alone decide; None: the child must look at LaTeX or do algebra."""
    if _too_long(given, truth):
        return given.split() == truth.split()
    verdict = decide(given, truth, to_text=None)
    return verdict if isinstance(verdict, bool) else None


def _too_long(given: str, truth: str) -> bool:
    return max(len(given), len(truth)) > MAX_LENGTH


_BARE_NUMBER = re.compile(r"(?:\\?\$)?\s*(?:[-+]?[\d,]*\.?\d+|-?\d+/\d+|-?\\[dt]?frac\{\d+\}\{\d+\})\s*\$?", re.ASCII)


def _numbers_apart(given: str, truth: str) -> bool:
    """Two bare numbers that differ: here math-verify, which rounds to six places, cannot say "equal".

    No percent sign and no unit, because math-verify reads those (50% is 0.5 to it).
    """
    if not (_BARE_NUMBER.fullmatch(given.strip()) and _BARE_NUMBER.fullmatch(truth.strip())):
        return False
    one, other = (number(plain_form(text, to_text=None) or "") for text in (given, truth))
    return one is not None and other is not None and abs(one - other) > 1e-4


# --- The child process ----------------------------------------------------------------------------------------------

_ROOT = Path(__file__).resolve().parents[1]
# Not DATABASE_URL, not SECRET_KEY: what evaluates strangers' text has nothing to tell.
_PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


class _Child:
    """A running grading_child and the pipes to it. One request at a time."""

    def __init__(self) -> None:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "active_learning.grading_child", str(CPU_SECONDS), str(WALL_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=_ROOT,
            # sympy's order of terms, and so its verdicts, would follow the seed
            env=passed_on | {"PYTHONHASHSEED": "0"},
            start_new_session=True,  # Ctrl-C is for us alone; and one signal reaches the child and its worker
        )
        self._ready = False

    def ask(self, request: bytes) -> bytes:
        """The reply line. EOFError or BrokenPipeError: there is no child. TimeoutError: it is stuck over this pair."""
        assert self._process.stdin is not None
        if not self._ready:
            try:
                self._read_line(START_SECONDS)
            except TimeoutError:
                raise EOFError from None  # no fault of this pair
            self._ready = True
        self._process.stdin.write(request)
        return self._read_line(PATIENCE_SECONDS)

    def _read_line(self, seconds: float) -> bytes:
        assert self._process.stdout is not None
        deadline, line = time.monotonic() + seconds, b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                chunk = os.read(self._process.stdout.fileno(), 4096)
                if not chunk:
                    raise EOFError
                line += chunk
        return line

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.abandon()

    def abandon(self) -> None:
        """Close our ends. A child whose every writer has done so ends by itself."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.returncode = self._process.returncode or 0  # nobody waits for it here: Popen need not warn


_lock = threading.Lock()
_child: _Child | None = None


@lru_cache(maxsize=16384)  # samples of one problem share few answers
def _ask(given: str, truth: str, *, both: bool) -> Verdicts:
    global _child
    request = json.dumps([given, truth, both]).encode() + b"\n"
    with _lock:
        for _ in range(2):  # a child that somebody killed is replaced, once
            _child = _child or _Child()
            try:
                reply = json.loads(_child.ask(request))
            except (EOFError, BrokenPipeError):
                _replace_child(None)
                continue
            except TimeoutError:
                _replace_child(_Child())  # it gets ready while we go on
                raise _NoVerdictError from None
            except BaseException:  # a task's time limit, Ctrl-C: the reply to come would pass for the next pair's
                _replace_child(None)
                raise
            if reply is None:
                raise _NoVerdictError
            return bool(reply[0]), reply[1]
    raise GraderUnavailableError(
        "The grading process ends at once; `python -m active_learning.grading_child 1 1` says why."
    )


def _replace_child(successor: _Child | None) -> None:
    global _child
    if _child:
        _child.kill()
    _child = successor


def _forget_child() -> None:
    """In a forked process: the child belongs to the parent, and the lock may have been taken there."""
    global _child, _lock
    _lock = threading.Lock()
    if _child:
        _child.abandon()
    _child = None


@atexit.register
def _stop_child() -> None:
    with _lock:
        _replace_child(None)


os.register_at_fork(after_in_child=_forget_child)
