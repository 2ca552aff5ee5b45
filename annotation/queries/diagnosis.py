"""What one look at a part of the installation found, in plain words."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    LOOK = "look"  # may be meant so
    BAD = "bad"


@dataclass(frozen=True)
class Check:
    name: str
    state: State
    told: str
    do: str = ""  # empty where there is nothing to do


def ok(name: str, told: str) -> Check:
    return Check(name, State.OK, told)


def look(name: str, told: str, do: str) -> Check:
    return Check(name, State.LOOK, told, do)


def bad(name: str, told: str, do: str) -> Check:
    return Check(name, State.BAD, told, do)


def in_words(time: timedelta) -> str:
    """For a line that an operator reads: `40 s`, `12 min`, `3 h`, `5 days`."""
    seconds = max(0, round(time.total_seconds()))
    for unit, size, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < most:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} days"
