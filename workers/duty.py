"""A job in the hands of a worker: claimed, kept by a heartbeat from a thread of its own, and brought to an end."""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Sequence
from contextvars import copy_context
from functools import partial
from typing import Protocol, Self

from django.db import OperationalError, connection

from annotation import logs
from annotation.models import Job
from annotation.models.jobs import JobKind
from annotation.services import jobs
from annotation.services.jobs import Cancelled, LostFence, MustWait, Progress
from annotation.services.refusal import Refusal
from workers import failpoints, stopping
from workers.child import Child, ChildFailed, ChildKilled, Line
from workers.pace import LossCurve, Pace

HEARTBEAT_SECONDS = 2.0
LOG_LINES = 60

log = logging.getLogger(__name__)


class CannotBeDone(Exception):
    """Not of this question, or not with these settings; the message is for the person who waits."""


class Work(Protocol):
    """What a kind of job does, and how it ends without success. Each one is a module."""

    def run(self, duty: "Duty") -> None: ...
    def fail(self, job: Job, error: str) -> None: ...
    def end_cancelled(self, job: Job) -> None: ...


class Duty:
    def __init__(self, job: Job) -> None:
        self.job = job
        self._progress = Progress()
        self._losses = LossCurve()
        self._pace = Pace()
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._child: Child | None = None
        self._outcome: Line = {}
        self._over = threading.Event()
        self._broken: Exception | None = None
        # In our context: what it logs is about this job, too.
        beat = partial(copy_context().run, self._beat)
        self._thread = threading.Thread(target=beat, name=f"heartbeat of job {job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def report(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say how far the job is, and what it has logged. Raises Cancelled, LostFence or MustWait when it must not go on."""
        self._pace = Pace()
        self._tell(stage, done, total)
        if not self._broken:
            self._try_to_beat()
        self._stop_if_told()

    def advance(self, done: int, total: int) -> None:
        """Say how far the same stage is; heartbeats tell it. Raises as `report` does."""
        self._show({"stage": self._progress.stage, "done": done, "total": total})
        self._stop_if_told()

    def log(self, line: str) -> None:
        self._lines.append(line)

    def run_child(self, arguments: Sequence[str], *, stage: str = "") -> Line:
        """Run a program of the science to its end; one that is killed goes on once from what it has kept. `stage`: what
        it calls its progress, where that is not its own name. Returns what it told last, of what came of it.

        Raises ChildFailed, MustWait, Cancelled, LostFence.
        """
        try:
            self._run_once(arguments, stage)
        except ChildKilled as end:
            self.log(f"{end}\nIt is started once more.")
            self._run_once(arguments, stage)
        return self._outcome

    def _run_once(self, arguments: Sequence[str], stage: str) -> None:
        self.report(stage or arguments[0])
        self._child = Child(arguments)
        failpoints.reach(f"{arguments[0]} started")
        if self._broken:  # between the report and the start nobody was there to be stopped
            self._child.stop()
        try:
            self._child.follow(progress=self._show, log=self.log)
        except ChildFailed:
            self._stop_if_told()
            raise
        finally:
            self._child = None

    def _stop_if_told(self) -> None:
        """Raises Cancelled or LostFence, and MustWait where this worker is asked to stop."""
        if self._broken:
            raise self._broken from None
        if stopping.is_asked():
            raise MustWait from None

    def beat_now(self) -> None:
        if jobs.heartbeat(job=self.job, progress=self._progress):
            raise Cancelled

    def _show(self, line: Line) -> None:
        """Progress only goes forward while a program runs, and what it says of a stage of its own ("pretrain") is not
        the job's. Started once more, it may begin the bar anew: it goes on from its last state, if it has kept one."""
        before = self._progress
        if line.get("stage") == "done":
            self._outcome = line
        done, total = line.get("done"), line.get("total")
        if line.get("stage") != before.stage or not isinstance(done, int) or not isinstance(total, int):
            done, total = before.done, before.total
        else:
            done = max(done, before.done) if total == before.total else done
            self._pace.mark(done)
            self._losses.add(done, line.get("loss"))
        self._tell(before.stage, done, total)
        failpoints.reach(f"{before.stage} going")

    def _tell(self, stage: str, done: int, total: int) -> None:
        self._progress = Progress(stage, done, total, "\n".join(self._lines), self._pace.rate, self._losses.points)

    def _beat(self) -> None:
        try:
            while not self._over.wait(HEARTBEAT_SECONDS) and not self._broken:
                self._try_to_beat()
                if stopping.is_asked():
                    self._save()
        finally:
            connection.close()

    def _save(self) -> None:
        child = self._child  # another thread takes it away
        if child:
            child.save()

    def _try_to_beat(self) -> None:
        try:
            self.beat_now()
        except OperationalError as error:  # the database is away: the lease tells whether it was too long
            log.warning("no heartbeat for job %s: %s", self.job.pk, error)
            connection.close()
        except Exception as end:  # Cancelled, LostFence, or a bug that the work reports as its own
            self._broken = end
            if self._child:
                self._child.stop()


def work_off(kind: JobKind, work: Work, *, at_once: int | None = None) -> int:
    """Do every waiting job of a kind; returns how many were claimed. One that has to wait is left for the next sweep.

    While this host is at `at_once` of them none is claimed: whoever is at them goes on with the next one.
    """
    claimed: list[int] = []
    with stopping.held_off():
        while job := _claim(kind, claimed, at_once):
            claimed.append(job.pk)
            with logs.about(job=job.pk, kind=job.kind, project=job.project_id):
                try:
                    _do(job, work)
                except LostFence:
                    log.warning("job %s was given to another worker; nothing was written", job.pk)
    return len(claimed)


def _claim(kind: JobKind, but: Sequence[int], at_once: int | None) -> Job | None:
    if stopping.is_asked():
        return None
    return jobs.claim_job(kind=kind, worker=f"{socket.gethostname()}:{os.getpid()}", but=but, at_once=at_once)


def _do(job: Job, work: Work) -> None:
    try:
        with Duty(job) as duty:
            duty.beat_now()
            work.run(duty)
    except MustWait:
        jobs.give_back(job=job)
    except Cancelled:
        work.end_cancelled(job)
    except (LostFence, OperationalError):
        raise
    except (ChildFailed, CannotBeDone, Refusal) as failure:
        work.fail(job, str(failure))
    except Exception as bug:
        # The person who waits sees that it is over, the log has the traceback.
        log.exception("job %s failed", job.pk)
        work.fail(job, f"{type(bug).__name__}: {bug}")
