"""The geometry of small charts that templates draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from annotation.queries.calibration import Bin

WIDTH, HEIGHT, MARGIN = 280, 64, 8
GUESSING = 0.5
FEW = 10  # steps, of which a share says little


@dataclass(frozen=True)
class Mark:
    name: str  # of the round or the model, as pages say it
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


def auc_line(rows: Sequence[tuple[str, float | None, bool]]) -> Line | None:
    """A line through (name, AUC or F1, whether the selector was held back), oldest first; None for fewer than two values.

    From guessing, or what is worse than that, to 1.
    """
    known = [(name, value, held_back) for name, value, held_back in rows if value is not None]
    if len(known) < 2:
        return None
    low = min(GUESSING, *(math.floor(10 * value) / 10 for _, value, _ in known))
    step = (WIDTH - 2 * MARGIN) / (len(known) - 1)
    marks = [
        Mark(name, value, round(MARGIN + place * step, 1), _height(value, low), held_back)
        for place, (name, value, held_back) in enumerate(known)
    ]
    tenths = range(round(10 * low), 11)
    return Line(marks, low, [_height(tenth / 10, low) for tenth in tenths])


@dataclass(frozen=True)
class Curve:
    points: str
    first: float  # its values at both ends, and the one at the upper edge; 0 is at the lower one
    last: float
    high: float
    steps: float


def loss_curve(losses: Sequence[tuple[float, float]]) -> Curve | None:
    """A line through (step, loss), from step 0 and loss 0; None for fewer than two points."""
    if len(losses) < 2:
        return None
    steps, high = losses[-1][0], max(loss for _, loss in losses) or 1.0
    points = [
        f"{round(WIDTH * step / steps, 1)},{round(MARGIN + (HEIGHT - MARGIN) * (1 - loss / high), 1)}"
        for step, loss in losses
    ]
    return Curve(" ".join(points), losses[0][1], losses[-1][1], high, steps)


@dataclass(frozen=True)
class Dot:
    bin: Bin
    x: float
    y: float

    @property
    def is_of_few(self) -> bool:
        return self.bin.steps < FEW


def reliability(bins: Sequence[Bin]) -> list[Dot]:
    """In a square of 100: what was predicted to the right, what was so upwards."""
    return [Dot(one, round(100 * one.mean, 1), round(100 * (1 - one.share), 1)) for one in bins]


@dataclass(frozen=True)
class Column:
    number: int
    low: float  # of the values that it counts
    high: float
    x: float
    y: float
    width: float
    height: float


def histogram(numbers: Sequence[int]) -> list[Column]:
    """A column for each of as many equal parts of 0 to 1; the highest one fills the height."""
    most, width = max(numbers, default=0) or 1, WIDTH / len(numbers)
    heights = [round(HEIGHT * number / most, 1) for number in numbers]
    return [
        Column(
            number=number,
            low=place / len(numbers),
            high=(place + 1) / len(numbers),
            x=round(place * width + 1, 1),
            y=round(HEIGHT - height, 1),
            width=round(width - 2, 1),
            height=height,
        )
        for place, (number, height) in enumerate(zip(numbers, heights, strict=True))
    ]


@dataclass(frozen=True)
class Bar:
    day: date
    labels: int
    x: int
    y: int
    height: int


def bars(days: Sequence[tuple[date, int]]) -> list[Bar]:
    """A column for each day, in a drawing that is ten units a day wide and HEIGHT high."""
    most = max((labels for _, labels in days), default=0) or 1
    # A day with a label has a column that can be seen, however high the highest one is.
    heights = [max(2, round(HEIGHT * labels / most)) if labels else 0 for _, labels in days]
    return [
        Bar(day, labels, 10 * place, HEIGHT - height, height)
        for place, ((day, labels), height) in enumerate(zip(days, heights, strict=True))
    ]


def _height(value: float, low: float) -> float:
    return round(MARGIN + (HEIGHT - 2 * MARGIN) * (1 - value) / (1 - low), 1)
