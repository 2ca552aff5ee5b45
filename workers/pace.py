"""How fast a program gets on and how its loss falls: what a person sees of it while it runs."""

import math
import time
from collections import deque
from collections.abc import Callable

POINTS = 100  # of a loss curve: below 3 kB, however long the training
STRETCH_SECONDS = 60.0


class LossCurve:
    """The loss of each report of a training, thinned to at most POINTS means over stretches of equal length."""

    def __init__(self) -> None:
        self._points: list[list[float]] = []  # step of the stretch's last report, and the mean loss over it
        self._length = 1  # reports to a stretch
        self._open: list[float] = []  # losses of the stretch that is not full yet
        self._step = 0

    def add(self, step: int, loss: object) -> None:
        """A loss that is no finite number, or belongs to a step that was seen already, is left out."""
        if not isinstance(loss, int | float) or not math.isfinite(loss) or step <= self._step:
            return
        self._step = step
        self._open.append(loss)
        if len(self._open) < self._length:
            return
        self._points.append([step, round(sum(self._open) / self._length, 5)])
        self._open = []
        if len(self._points) == POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [[later, round((first + second) / 2, 5)] for (_, first), (later, second) in pairs]
            self._length *= 2

    @property
    def points(self) -> list[list[float]]:
        return list(self._points)


class Pace:
    """How much of a stage is done in a second, over the last stretch of time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque()

    def mark(self, done: int) -> None:
        now = self._clock()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] >= STRETCH_SECONDS:
            self._marks.popleft()

    @property
    def rate(self) -> float | None:
        """None until two reports tell it."""
        if len(self._marks) < 2:
            return None
        (begun, before), (now, done) = self._marks[0], self._marks[-1]
        return (done - before) / (now - begun) if now > begun and done > before else None
