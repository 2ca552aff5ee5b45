"""Automatic labels as training rows, alone or beside those of people.

Wang et al. 2023 (Math-Shepherd), §3.4 and §6: every step trains, also after the first bad one, for a step that went wrong
may still be mended. Lightman et al. 2023's labels and these are never mixed in silence: what people labeled is not taken
from the automatic file, and where there are labels of people only these are measured on.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from active_learning.automatic import Estimate, Estimated, read_estimates
from active_learning.config import Estimation, TrainConfig
from active_learning.data import Target
from active_learning.records import Record, parse_line
from active_learning.strict_json import read_lines
from active_learning.targets import Row, left_out_because, part_of

Key = tuple[str, ...]


def target_of(estimate: Estimate, estimation: Estimation) -> Target:
    """What is to be predicted: 1 or −1 (eq. 3), or the share of rollouts that came out right (eq. 4). Never neutral."""
    return estimate.hard if estimation == "hard" else (1 - estimate.soft, 0.0, estimate.soft)


def read_automatic(path: Path, estimation: Estimation) -> tuple[list[Row], Counter[str]]:
    """A row for each solution of a file of estimates, and how many were used and left out, by reason."""
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    for one in read_estimates(path):
        reason = _unusable(one)
        counts[f"left_out_{reason}" if reason else "records"] += 1
        if not reason:
            targets = [None if known is None else target_of(known, estimation) for known in one.estimates]
            rows.append(Row(one.problem, one.steps, tuple(targets)))
    return rows, counts


def _unusable(one: Estimated) -> str | None:
    if not all(step.strip() for step in one.steps):
        return "blank_step"
    return "not_estimated" if all(estimate is None for estimate in one.estimates) else None


@dataclass(frozen=True)
class People:
    """What people labeled: all of it, and what of it trains a model."""

    labeled: frozenset[Key]
    training: frozenset[Key]


def read_people(path: Path, eval_fraction: float) -> People:
    """The solutions of a file of PRM800K lines; also those whose labels do not train, as quality control's."""
    labeled, training = set(), set()
    for record in read_lines(path, parse_line):
        key = _key(record.problem, _steps(record))
        labeled.add(key)
        if left_out_because(record) is None and part_of(record.problem, eval_fraction) == "train":
            training.add(key)
    return People(frozenset(labeled), frozenset(training))


def _steps(record: Record) -> Sequence[str]:
    return record.trajectory() if record.pre_generated is None else record.pre_generated.steps


def _key(problem: str, steps: Sequence[str]) -> Key:
    """The same for texts that differ in their white space only."""
    return tuple(" ".join(text.split()) for text in (problem, *steps))


def beside_people(rows: Sequence[Row], people: People, config: TrainConfig) -> tuple[list[Row], Counter[str]]:
    """Rows to train on: automatic_ratio for each solution of people that trains, drawn by the seed; all, of fewer.

    Nothing of held-out problems, and no solution that a person labeled.
    """
    counts: Counter[str] = Counter()
    free = list(_free(rows, people, config.eval_fraction, counts))
    wanted = round(config.automatic_ratio * len(people.training))
    counts["left_out_more_than_wanted"] = max(0, len(free) - wanted)
    counts["wanted"] = wanted
    places = sorted(Random(config.seed).sample(range(len(free)), min(wanted, len(free))))
    return [free[place] for place in places], counts


def _free(rows: Sequence[Row], people: People, eval_fraction: float, counts: Counter[str]) -> Iterator[Row]:
    for row in rows:
        if _key(row.problem, row.steps) in people.labeled:
            counts["left_out_labeled_by_people"] += 1
        elif part_of(row.problem, eval_fraction) != "train":
            counts["left_out_held_out"] += 1
        else:
            yield row


def automatic_rows(path: Path, people: Path | None, config: TrainConfig) -> tuple[list[Row], Counter[str]]:
    """The rows of a file of estimates that a training takes, beside the records of people if there are any.

    The counts are for meta.json: solutions and steps that are taken, and solutions left out, by reason.
    """
    rows, counts = read_automatic(path, config.estimation)
    if people is not None:
        rows, why = beside_people(rows, read_people(people, config.eval_fraction), config)
        counts += why
    counts["records"] = len(rows)
    counts["ratings"] = sum(target is not None for row in rows for target in row.ratings)
    return rows, Counter({f"automatic_{name}": count for name, count in sorted(counts.items())})
