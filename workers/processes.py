"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from workers import privileges

ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1  # prctl(2)
LOG_BYTES = 16 * 2**20  # a log longer than this is set aside at the next start
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that lived this long starts again from the first delay


class StartFailed(Exception):
    """A process that everything else stands on did not start; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Program:
    """What to run, and how to end it: politely by `stop_signal`; by `death_signal` when we ourselves were killed."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    patience_seconds: float = 30.0


def start(program: Program, *, log: Path, run_as: privileges.Account | None = None) -> subprocess.Popen[bytes]:
    """Start the program in its own process group, its output appended to the log.

    Call it from the main thread: the kernel sends the death signal when the *thread* that forked ends.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            program.command,
            env=dict(program.env) or None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/" if run_as else ROOT,  # another account may not be allowed where we are
            process_group=0,  # Ctrl-C in the terminal is ours alone; we stop the children in order
            preexec_fn=last_will(program.death_signal, run_as),
        )


def last_will(
    death_signal: signal.Signals, run_as: privileges.Account | None, *, niceness: int = 0
) -> Callable[[], None]:
    """What a child of ours has to do between fork and exec, so that it gets the signal when we end, however we
    end; `niceness` from 1 to 19 lets others have the processor first."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def in_child() -> None:
        os.nice(niceness)
        if run_as:
            privileges.become(run_as)
        # After the change of account, which clears it.
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(death_signal))
        if os.getppid() != parent:  # killed before the kernel knew of the will
            os.kill(os.getpid(), signal.SIGKILL)

    return in_child


def signal_group(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    """Send a signal to the process and to all that stayed in its group."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def tail(log: Path, *, lines: int = 15) -> str:
    """The end of a log, indented, for a message on the terminal."""
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - 200 * lines))
        text = source.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    delay_seconds: float = FIRST_DELAY_SECONDS
    restart_at: float | None = None


class Keeper:
    """Keeps programs running until the block ends; then stops them, the first started first, and waits for all."""

    def __init__(
        self, logs: Path, *, run_as: privileges.Account | None = None, say: Callable[[str], None] = print
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)
        self._logs = logs
        self._run_as = run_as
        self._say = say
        self._children: dict[str, _Child] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def start(self, program: Program) -> None:
        log = self.log(program.name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        self._children[program.name] = _Child(program, self._run(program), time.monotonic())

    def finish(self, name: str) -> None:
        """Wait until a program has come to its end. Raises StartFailed, with the end of its log, if it failed."""
        status = self._children[name].process.wait()
        if status != 0:
            raise self._failure(name, status)
        del self._children[name]

    def require_alive(self) -> None:
        """Raises StartFailed, with the end of its log, if a program has ended."""
        for name, child in self._children.items():
            status = child.process.poll()
            if status is not None:
                raise self._failure(name, status)

    def revive(self) -> None:
        """Start again what has died, later and later if it keeps dying."""
        now = time.monotonic()
        for child in self._children.values():
            if child.restart_at is None and child.process.poll() is not None:
                self._plan_restart(child, now)
            elif child.restart_at is not None and now >= child.restart_at:
                child.process, child.started_at, child.restart_at = self._run(child.program), now, None

    def _plan_restart(self, child: _Child, now: float) -> None:
        name, status = child.program.name, child.process.returncode
        signal_group(child.process, signal.SIGKILL)  # what it left behind would hold its port or its memory
        if now - child.started_at > STEADY_SECONDS:
            child.delay_seconds = FIRST_DELAY_SECONDS
        child.restart_at = now + child.delay_seconds
        self._say(f"{name} {_ending(status)}; starting it again in {child.delay_seconds:.0f} s.")
        if child.delay_seconds == FIRST_DELAY_SECONDS:  # once is enough: the log has the rest
            self._say(f"The end of {self.log(name)}:\n{tail(self.log(name), lines=6)}")
        child.delay_seconds = min(2 * child.delay_seconds, LONGEST_DELAY_SECONDS)

    def stop(self) -> None:
        for child in self._children.values():
            if child.process.poll() is None:
                child.process.send_signal(child.program.stop_signal)
        for name, child in self._children.items():
            try:
                child.process.wait(child.program.patience_seconds)
            except subprocess.TimeoutExpired:
                self._say(f"{name} did not stop within {child.program.patience_seconds:.0f} s and was killed.")
            signal_group(child.process, signal.SIGKILL)  # whatever of its group is left
            child.process.wait()
        self._children.clear()

    def _failure(self, name: str, status: int) -> StartFailed:
        return StartFailed(f"{name} {_ending(status)}. The end of {self.log(name)}:\n{tail(self.log(name))}")

    def _run(self, program: Program) -> subprocess.Popen[bytes]:
        return start(program, log=self.log(program.name), run_as=self._run_as)


def _ending(status: int) -> str:
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
