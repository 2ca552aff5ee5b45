"""What a scripted labeler thinks: the toy domain's oracle, with the mistakes that an honest person makes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from active_learning.domains import chains

# A person's time for one step, drawn evenly: the figures that leads see should look like figures.
READING_MS = (800, 6000)
GIVING_UP, BAD_PROBLEM = "I cannot follow this.", "The problem can be read in two ways."


@dataclass(frozen=True)
class Habits:
    """How the labelers work. The same seed gives the same rating of a step, whoever of them gives it."""

    noise: float = 0.05  # chance that a step gets one of the two wrong ratings
    give_up: float = 0.01
    bad_problem: float = 0.005
    pause: float = 0.0  # seconds over each solution
    seed: int = 0


@dataclass(frozen=True)
class Turn:
    """One position of a dialogue: every option rated, and a step of one's own where none will do."""

    ratings: list[int]
    own: str = ""


def judge(assignment: dict[str, Any], habits: Habits) -> dict[str, Any]:
    """The label that an honest but not faultless labeler gives. Raises chains.Unreadable."""
    problem, steps = assignment["problem"]["text"], assignment["steps"]
    rng = Random(json.dumps([habits.seed, problem, steps]))
    given = [chains.mistaken(rating, habits.noise, rng) for rating in chains.rate(problem, steps)]
    ratings = chains.to_first_error(given)
    end = ("found_error" if ratings[-1] == -1 else "solution", "")
    if rng.random() < habits.give_up:
        end, ratings = ("give_up", GIVING_UP), ratings[:1]
    elif rng.random() < habits.bad_problem:
        end, ratings = ("bad_problem", BAD_PROBLEM), []
    return label(end, [_row(step, 0, rating, rng) for step, rating in enumerate(ratings)])


def beside(assignment: dict[str, Any], step: int, texts: Sequence[str], habits: Habits) -> list[dict[str, Any]]:
    """The ratings of other steps for the place of an error. Raises chains.Unreadable."""
    problem, prefix = assignment["problem"]["text"], assignment["steps"][:step]
    ratings, rng = rate_options(problem, prefix, texts, habits), Random(step)
    return [_row(step, option, rating, rng) for option, rating in enumerate(ratings, 1)]


def rate_options(problem: str, path: Sequence[str], options: Sequence[str], habits: Habits) -> list[int]:
    """Raises chains.Unreadable."""
    rng = Random(json.dumps([habits.seed, problem, *path, *options]))
    return [chains.mistaken(chains.rate(problem, [*path, option])[-1], habits.noise, rng) for option in options]


def is_lost(problem: str, path: Sequence[str]) -> bool:
    """Whether nothing right can be said any more after these steps, because one of them is wrong."""
    return -1 in chains.rate(problem, list(path))


def own_step(problem: str, path: Sequence[str], options: Sequence[str]) -> str:
    """The right next step, in words that do not stand there already."""
    chain = chains.read_problem(problem)
    done = chains.rate(problem, list(path)).count(chains.POSITIVE)
    operation, values = chain.operations[done], chain.values()
    answer = f"{chains.ANSWER_MARK}{values[-1]}" if done + 1 == len(chain.operations) else ""
    sentences = (
        chains.say_operation(opening, values[done], operation, values[done + 1]) for opening in chains.OPENINGS
    )
    return next(text + answer for text in sentences if text + answer not in {*path, *options})


def ended(problem: str, habits: Habits) -> tuple[str, str] | None:
    """The finish reason of who does not even begin with a dialogue, and the reason that they give."""
    rng = Random(json.dumps([habits.seed, problem]))
    if rng.random() < habits.give_up:
        return "give_up", GIVING_UP
    return ("bad_problem", BAD_PROBLEM) if rng.random() < habits.bad_problem else None


def held(end: tuple[str, str], turns: Sequence[Turn]) -> dict[str, Any]:
    """The label of a dialogue."""
    rng, rows = Random(len(turns)), []
    for step, turn in enumerate(turns):
        rows += [_row(step, option, rating, rng) for option, rating in enumerate(turn.ratings)]
        if turn.own:
            rows.append(_row(step, len(turn.ratings), None, rng) | {"text": turn.own})
    return label(end, rows)


def label(end: tuple[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    time_ms = sum(row["ms"] for row in rows) + READING_MS[0]
    return {
        "finish_reason": end[0],
        "reason": end[1],
        "ratings": rows,
        "total_time_ms": time_ms,
        "active_ms": time_ms,
    }


def _row(step: int, option: int, rating: int | None, rng: Random) -> dict[str, Any]:
    return {"step": step, "option": option, "rating": rating, "ms": rng.randint(*READING_MS)}
