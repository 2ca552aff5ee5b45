"""Places at which a test lets a worker die, to see what is left of its work. In production no name is ever set."""

import os
import signal
from collections import Counter

NAME = "STEPMARK_FAILPOINT"  # a name, or name:N for the N-th time that it is reached

_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here, by SIGKILL, where the environment says so."""
    if NAME not in os.environ:
        return
    wanted, _, times = os.environ[NAME].partition(":")
    _reached[name] += 1
    if name == wanted and _reached[name] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
