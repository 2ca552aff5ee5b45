"""A worker that is asked to stop hands back what it has in hand, and takes nothing more.

Celery hears the signal in its main process and would wait for the job's end; the work is in a process of its pool. So the
main process says it in a byte that both share, for the pool is forked from it. (On macOS it is not: there a job is taken up
when its lease is over.) Where the signal goes to all processes, one of the pool would end in the middle of its job: it is
held off until the job is back in the queue.
"""

import mmap
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_told = mmap.mmap(-1, 1)
_signalled = False


def tell(**_: Any) -> None:
    """Receive Celery's `worker_shutting_down`, inside its signal handler."""
    _told[0] = 1


def is_asked() -> bool:
    return _signalled or _told[0] == 1


@contextmanager
def held_off() -> Iterator[None]:
    """A SIGTERM to this process itself only asks, as long as the block lasts; then it ends what it was to end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal comes here
        return
    before = signal.signal(signal.SIGTERM, _ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _ask_once_more()


def _ask(*_: object) -> None:
    global _signalled
    _signalled = True


def _ask_once_more() -> None:
    global _signalled
    if _signalled:
        _signalled = False
        os.kill(os.getpid(), signal.SIGTERM)
