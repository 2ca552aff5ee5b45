"""A program of the science in a process of its own: its progress is followed, and it dies with its worker.

A crash, an exhausted memory or a cancelled round ends the child and frees the accelerator; the worker lives on.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO

from active_learning.commands.arguments import BUSY, TRY_AGAIN
from annotation.services.jobs import MustWait
from workers.processes import last_will, signal_group

Line = dict[str, object]
KEPT_LINES = 20
# Where training shares the processor with the web, labelers do not wait for it: it takes what they leave.
NICENESS = 19
# To save a state in. Whoever stops a worker waits longer: 30 s at `make run`, 40 s in docker-compose.yml.
SAVE_SECONDS = 20.0
# Programs of the science need none of these. GENERATOR_KEY is not among them: it is for these programs alone.
NOT_FOR_PROGRAMS = {
    *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD", "REDIS_PASSWORD"),
    *("HF_TOKEN", "METRICS_TOKEN", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_NAME"),
}


class ChildFailed(Exception):
    """The program ended without a result; the message is for the person who started the round."""


class ChildKilled(ChildFailed):
    """It was killed, or asked to stop, by somebody else: started again, it goes on from what it has kept. A program that
    crashed (SIGSEGV, SIGABRT, …) is none of these: it would crash again."""


KILLED = (-signal.SIGKILL, -signal.SIGTERM, TRY_AGAIN)


class Child:
    """`python -m active_learning …`; progress comes as JSON lines on its standard output."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.name = arguments[0]
        self._saved_by: float | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "active_learning", *arguments],
            env={name: value for name, value in os.environ.items() if name not in NOT_FOR_PROGRAMS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
            preexec_fn=last_will(signal.SIGKILL, None, niceness=NICENESS),
        )

    def follow(self, *, progress: Callable[[Line], None], log: Callable[[str], None]) -> None:
        """Read until the end. Raises ChildFailed, or ChildKilled, with the last lines that the program printed, and
        MustWait where another process is at its output."""
        assert self.process.stdout is not None
        with self.process.stdout as output:
            kept = _read(output, progress, log)
        status = self.process.wait()
        if status == BUSY:
            raise MustWait
        if status != 0:
            ending = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
            how = ChildKilled if status in KILLED else ChildFailed
            raise how("\n".join([f"The program {self.name} {ending}.", *kept]))

    def stop(self) -> None:
        """Ask politely, then insist; returns at once."""
        signal_group(self.process, signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            signal_group(self.process, signal.SIGKILL)

    def save(self) -> None:
        """Ask it to save what it has and to end; called again, insist once it has had its time. Returns at once."""
        now = time.monotonic()
        if self._saved_by is None:
            self._saved_by = now + SAVE_SECONDS
            signal_group(self.process, signal.SIGTERM)
        elif now > self._saved_by:
            signal_group(self.process, signal.SIGKILL)


def _read(output: IO[str], progress: Callable[[Line], None], log: Callable[[str], None]) -> deque[str]:
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    for line in output:
        text = line.rstrip("\n").replace("\x00", "")  # PostgreSQL stores none
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, dict) and "stage" in value:
            progress(value)
        else:
            kept.append(text)
            log(text)
    return kept
