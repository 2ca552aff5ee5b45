"""The geometry of small charts that templates draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 280, 64, 8
GUESSING = 0.5


@dataclass(frozen=True)
class Mark:
    number: int  # of the round
    value: float
    x: float
    y: float
    held_back: bool


@dataclass(frozen=True)
class Line:
    marks: list[Mark]
    low: float  # the value at the lower edge; 1 is at the upper one
    grid: list[float]  # heights of the lines at each tenth

    @property
    def points(self) -> str:
        return " ".join(f"{mark.x},{mark.y}" for mark in self.marks)

    @property
    def has_held_back(self) -> bool:
        return any(mark.held_back for mark in self.marks)


def auc_line(rows: Sequence[tuple[int, float | None, bool]]) -> Line | None:
    """A line through (round, AUC, whether the selector was held back), oldest first; None for fewer than two values.

    From guessing, or what is worse than that, to 1.
    """
    known = [(number, value, held_back) for number, value, held_back in rows if value is not None]
    if len(known) < 2:
        return None
    low = min(GUESSING, *(math.floor(10 * value) / 10 for _, value, _ in known))
    step = (WIDTH - 2 * MARGIN) / (len(known) - 1)
    marks = [
        Mark(number, value, round(MARGIN + place * step, 1), _height(value, low), held_back)
        for place, (number, value, held_back) in enumerate(known)
    ]
    tenths = range(round(10 * low), 11)
    return Line(marks, low, [_height(tenth / 10, low) for tenth in tenths])


def _height(value: float, low: float) -> float:
    return round(MARGIN + (HEIGHT - 2 * MARGIN) * (1 - value) / (1 - low), 1)
