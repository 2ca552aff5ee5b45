"""What people's labels ask of a model: which text, rated how, and in which part of a split.

Targets follow Lightman et al. 2023, §2.6: one rating of three, predicted after the last token of a step, nothing after
the first error, no rating in any context.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from active_learning.data import Item, Target, encode
from active_learning.records import Record, Step, parse_line
from active_learning.strict_json import Fields, load_json, read_lines

FINISHED = ("found_error", "solution")
UNIFORM = (None, "random")  # how a sample may have been drawn that an outcome model learns from
Part = Literal["train", "validation", "held_out"]


class ChosenOnly(ValueError):
    """An outcome model is to train on what a selector chose."""


@dataclass(frozen=True)
class Row:
    """Steps of one solution and the rating of each, or what was estimated in place of one; None where nothing is known,
    or another row has it."""

    problem: str
    steps: tuple[str, ...]
    ratings: tuple[Target | None, ...]
    is_whole: bool = True  # False: an alternative to one step of a solution


def training_rows(record: Record) -> list[Row]:
    """Every labeled completion on its chosen prefix, the chosen path packed into one row.

    A causal model sees at a step's end only what precedes it, so one pass over the path equals one pass per prefix.
    """
    path: list[tuple[str, int | None]] = []
    rows: list[Row] = []
    for step in record.steps:
        chosen, others = _chosen_and_others(step)
        texts, ratings = [text for text, _ in path], [None] * len(path)
        rows += [Row(record.problem, (*texts, text), (*ratings, rating), is_whole=False) for text, rating in others]
        if chosen is not None:
            path.append(chosen)
        if chosen is None or step.chosen_text() is None or chosen[1] == -1:
            break
    if any(rating is not None for _, rating in path):
        rows.insert(0, Row(record.problem, tuple(t for t, _ in path), tuple(r for _, r in path)))
    return rows


def one_completion_each(row: Row) -> list[Row]:
    """The row as the paper trains: a sequence of its own for each rated step, with all that precedes it."""
    return [
        Row(row.problem, row.steps[: place + 1], (*[None] * place, rating), is_whole=False)
        for place, rating in enumerate(row.ratings)
        if rating is not None
    ]


def _chosen_and_others(step: Step) -> tuple[tuple[str, int | None] | None, list[tuple[str, int]]]:
    """The completion that the path takes, and the rated ones beside it.

    Where the solution ends at an error nothing is chosen; the first rated completion then stands at the path's end.
    """
    completions = list(step.completions or ())
    place = step.chosen_completion
    if place is None and step.human_completion is None:
        place = next((index for index, one in enumerate(completions) if one.rating is not None), None)
    others = [(one.text, one.rating) for i, one in enumerate(completions) if i != place and one.rating is not None]
    if place is not None:
        return (completions[place].text, completions[place].rating), others
    human = step.human_completion
    return ((human.text, None) if human is not None else None), others


def left_out_because(record: Record) -> str | None:
    """Why a record does not train: the paper leaves out quality control, screening and what nobody could finish."""
    if record.is_quality_control_question:
        return "quality_control"
    if record.is_initial_screening_question:
        return "screening"
    return None if record.finish_reason in FINISHED else record.finish_reason


def read_rows(path: Path) -> tuple[list[Row], Counter[str]]:
    """All training rows of a file of PRM800K lines, and how many records were used and left out, by reason."""
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    for record in read_lines(path, parse_line):
        reason = left_out_because(record)
        counts[f"left_out_{reason}" if reason else "records"] += 1
        found = [] if reason else training_rows(record)
        readable = [row for row in found if all(step.strip() for step in row.steps)]
        if len(readable) < len(found):
            counts["blank_step"] += len(found) - len(readable)
        rows += readable
    counts["rows"] = len(rows)
    counts["ratings"] = sum(rating is not None for row in rows for rating in row.ratings)
    return rows, counts


def read_outcomes(
    path: Path, *, most_per_problem: int, chosen_too: bool, rng: Random
) -> tuple[list[Row], Counter[str]]:
    """Rows for an outcome model, of JSON Lines `{"problem", "steps", "is_correct", "arm"?}`.

    Lightman et al. 2023, §3 and App. E: uniform samples, 100 of each problem, drawn from rng where there are more. What a
    selector chose is left out, or, where the file holds nothing else, raises ChosenOnly. Ungraded samples are counted.
    """
    by_problem: dict[str, list[Row]] = {}
    counts: Counter[str] = Counter()
    for problem, steps, is_correct, arm in read_lines(path, _read_sample):
        reason = _not_an_outcome(steps, is_correct, arm, chosen_too)
        counts[f"left_out_{reason}" if reason else "records"] += 1
        if not reason:
            by_problem.setdefault(problem, []).append(Row(problem, steps, (1 if is_correct else -1,) * len(steps)))
    rows = [row for some in by_problem.values() for row in _drawn(some, most_per_problem, rng)]
    if not rows and counts["left_out_chosen_by_selector"]:
        raise ChosenOnly(
            "An outcome model learns from uniform samples, and a selector chose all of these. Sample solutions at "
            "random, or set chosen_too in the training configuration to train on them all the same."
        )
    counts["left_out_more_than_wanted"] = counts["records"] - len(rows)
    counts["records"] = counts["rows"] = len(rows)
    return rows, counts


def _read_sample(line: bytes) -> tuple[str, tuple[str, ...], bool | None, str | None]:
    sample = Fields(load_json(line))
    outcome, arm = sample.take("is_correct", bool, None), sample.optional("arm", None, str, None)
    return sample.take("problem", str), sample.texts("steps"), outcome, arm


def _drawn(rows: list[Row], most: int, rng: Random) -> list[Row]:
    return rows if len(rows) <= most else [rows[place] for place in sorted(rng.sample(range(len(rows)), most))]


def _not_an_outcome(steps: Sequence[str], is_correct: bool | None, arm: str | None, chosen_too: bool) -> str | None:
    if not steps or not all(step.strip() for step in steps):
        return "blank_step"
    if is_correct is None:
        return "ungraded"
    return "chosen_by_selector" if arm not in UNIFORM and not chosen_too else None


def share_of(problem: str) -> float:
    """A number in [0, 1) that this problem always has: which part of a split it falls in. White space is ignored."""
    digest = hashlib.sha256(" ".join(problem.split()).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def part_of(problem: str, eval_fraction: float) -> Part:
    """Whether a problem trains, chooses the threshold, or is measured on: the same for every model of a project."""
    share = share_of(problem)
    if share >= eval_fraction:
        return "train"
    return "validation" if share < eval_fraction / 2 else "held_out"


def encode_rows(rows: Iterable[Row], tokenizer: Any, max_len: int) -> tuple[list[Item], int]:
    """Encode, and leave out what is longer than max_len tokens; the second value counts those."""
    items = [Item(encode(row.problem, row.steps, tokenizer), row.ratings, row.is_whole) for row in rows]
    fitting = [item for item in items if len(item.encoded.ids) <= max_len]
    return fitting, len(items) - len(fitting)
