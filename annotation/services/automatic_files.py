"""What a source says, as files: for training, as estimates by rollouts; for datasets, each line naming its source."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop as _  # pages translate the reasons; manifests hold them as they are

from active_learning import shepherd
from annotation.models import AutomaticLabel, AutomaticSource, Gold, Label
from annotation.models.problems import Split
from annotation.models.snapshots import Format
from annotation.services import automatic_ratings
from annotation.services.export_files import new_file
from annotation.services.export_formats import HEADING_INSIDE, NO_RATED_STEP, SIGN_INSIDE

CHUNK = 1000
GOLD = _("gold")
FIELDS = (
    "solution_id",
    "estimates",
    "ratings",
    "start",
    "tokens",
    "solution__problem__text",
    "solution__problem__answer",
    "solution__steps",
    "solution__answer",
)


@dataclass(frozen=True)
class Told:
    """A line, or why there is none; and the ratings in it."""

    row: dict[str, Any] | None
    left_out: str = ""
    ratings: tuple[int, ...] = ()


def write_estimates(*, source: AutomaticSource, path: Path) -> int:
    """All that a model may learn from the source, as active_learning/automatic.py reads it; returns how many lines.

    Not of gold, nor of what a person labeled, whether that label trains or not. Beside it is how many were left out; that
    file is complete before this one appears.
    """
    lines, left_out = 0, Counter[str](gold=0, labeled=0)
    with new_file(path) as file, new_file(left_out_beside(path)) as beside:
        for row in _rows(source):
            if row["is_gold"] or row["is_labeled"]:
                left_out["gold" if row["is_gold"] else "labeled"] += 1
                continue
            told = {
                "id": row["solution_id"],
                "problem": row["solution__problem__text"],
                "truth": row["solution__problem__answer"],
                "steps": row["solution__steps"],
                "answer": row["solution__answer"],
                "start": row["start"],
                "estimates": automatic_ratings.as_estimates(source.kind, row["estimates"], row["ratings"]),
                "tokens": row["tokens"],
            }
            file.write(json.dumps(told).encode() + b"\n")
            lines += 1
        beside.write(json.dumps(left_out).encode())
    return lines


def left_out_beside(path: Path) -> Path:
    return path.with_suffix(".left_out")


def dataset_lines(*, source: AutomaticSource, format: Format, task: str, left_out: Counter[str]) -> Iterator[Told]:
    """The steps from the first one on, as far as the source rates them, in the layout of the format; nothing of gold."""
    for row in _rows(source):
        if row["is_gold"]:
            left_out[GOLD] += 1
            continue
        told = _told(source, format, task, row)
        if told.row is None:
            left_out[told.left_out] += 1
        else:
            yield told


def _rows(source: AutomaticSource) -> Iterator[dict[str, Any]]:
    """Of sound problems for training: what was held out or withdrawn since is not taken."""
    sound = {"solution__problem__split": Split.TRAIN, "solution__problem__withdrawn_at__isnull": True}
    told = {
        "is_gold": Exists(Gold.objects.filter(solution=OuterRef("solution"))),
        "is_labeled": Exists(Label.objects.filter(solution=OuterRef("solution"))),
    }
    found = AutomaticLabel.objects.filter(source=source, **sound).annotate(**told).order_by("solution_id")
    rows: Any = found.values(*FIELDS, *told)
    yield from rows.iterator(chunk_size=CHUNK)


def _told(source: AutomaticSource, format: Format, task: str, row: dict[str, Any]) -> Told:
    problem, steps, ratings = row["solution__problem__text"], row["solution__steps"], row["ratings"]
    open_ = next((place for place, one in enumerate(ratings) if one is None), len(ratings))
    said = tuple(ratings[:open_])
    if not said:
        return Told(None, NO_RATED_STEP)
    is_good = tuple(one > 0 for one in said)
    if format == Format.TRL:
        made: dict[str, Any] = {"prompt": problem, "completions": steps[:open_], "labels": list(is_good)}
    else:
        try:
            made = dict(shepherd.row_of(shepherd.Signed(problem, tuple(steps[:open_]), is_good, task)))
        except shepherd.SignInside:
            return Told(None, SIGN_INSIDE)
        except shepherd.HeadingInside:
            return Told(None, HEADING_INSIDE)
    return Told({**made, "source": source.name}, ratings=said)
