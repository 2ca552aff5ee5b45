"""A worker that no longer takes messages ends itself, so that whoever keeps it running starts a sound one.

After its broker crashed, a Celery worker may stay alive without ever consuming again (celery issues 8030, 8091, 9054);
a check of the process alone cannot see that. The sign: messages wait in its queues while it has nothing to do.
As long as there is no such sign, it writes down that its queues are served, which is what `manage.py doctor` looks for.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from celery import Celery
from celery.worker import state
from django.db import DatabaseError, connection

from annotation.jobs import lying

LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
EXIT_STATUS = 70  # EX_SOFTWARE in sysexits.h

log = logging.getLogger(__name__)
_started = threading.Event()


def watch(sender: Any, **_: Any) -> None:
    """Receive Celery's `worker_ready`: it comes again after each reconnection, one watch is enough."""
    if not _started.is_set():
        _started.set()
        queues = [queue.name for queue in sender.app.amqp.queues.consume_from.values()]
        threading.Thread(
            target=_watch, args=(sender.app, queues, sender.hostname), name="liveness", daemon=True
        ).start()


def _watch(app: Celery, queues: Collection[str], name: str) -> None:
    stalled = Stall()
    while not _look(stalled, app, queues, name):
        time.sleep(LOOK_SECONDS)
    log.critical("messages have waited in %s for %.0f s and none was taken: ending", queues, PATIENCE_SECONDS)
    os._exit(EXIT_STATUS)  # not sys.exit: the main thread may be the one that hangs


def _look(stalled: "Stall", app: Celery, queues: Collection[str], name: str) -> bool:
    """Whether this worker is deaf. What goes wrong in looking is no sign of it, and does not end the watch."""
    try:
        if stalled.seen(is_idle=not state.active_requests, waiting=lambda: lying(queues, app)):
            return True
        _say_alive(queues, name)
    except Exception:
        log.exception("could not tell whether messages wait in %s; looking again", queues)
    finally:
        connection.close()  # a process of the pool that is forked later must not inherit it
    return False


def _say_alive(queues: Collection[str], name: str) -> None:
    # Here, for Celery imports this module before Django is set up.
    from annotation.models.pulses import Part
    from annotation.services import pulses

    try:
        for part in {*queues} & {*Part.values}:
            pulses.beat(part=Part(part), place=name)
    except DatabaseError as error:
        log.warning("no pulse of %s: %s", name, error)


class Stall:
    """Remembers since when messages have waited for a worker with nothing to do."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None

    def seen(self, *, is_idle: bool, waiting: Callable[[], int]) -> bool:
        """Look once; True when it has been so at every look for longer than our patience."""
        if not is_idle or not waiting():
            self._since = None
            return False
        now = self._clock()
        self._since = now if self._since is None else self._since
        return now - self._since > PATIENCE_SECONDS
