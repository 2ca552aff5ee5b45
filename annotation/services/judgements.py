"""What a labeler decided about one solution, and the rules that make it a whole label (phase 2)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from annotation.models import Label, Project, StepRating
from annotation.models.labels import FinishReason
from annotation.services.refusal import Refusal


class IncompleteLabel(Refusal):
    """The ratings do not make a whole label."""


@dataclass(frozen=True)
class Rating:
    """One option at one step. `text` only for a step that the labeler wrote: it has no rating."""

    step: int
    rating: int | None
    option: int = 0
    flagged: bool = False
    text: str = ""
    ms: int | None = None


@dataclass(frozen=True)
class Judgement:
    finish_reason: str
    ratings: Sequence[Rating]
    total_time_ms: int
    reason: str = ""
    active_ms: int | None = None
    instructions_version: int | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    edits: Sequence[dict[str, Any]] = ()
    extensions: dict[str, Any] = field(default_factory=dict)

    def digest(self) -> bytes:
        body = json.dumps(vars(self), default=vars, sort_keys=True)
        return hashlib.sha256(body.encode()).digest()


@dataclass(frozen=True)
class Row:
    """A rating as it is stored and published."""

    rating: Rating
    text: str | None = None  # None: the solution's own step
    chosen: bool = False
    flagged: bool | None = None

    def values(self) -> tuple[Any, ...]:
        """As a StepRating has them: step, option, text, rating, flagged, chosen, human, ms."""
        one = self.rating
        return one.step, one.option, self.text, one.rating, self.flagged, self.chosen, bool(one.text), one.ms

    def for_label(self, label: Label) -> StepRating:
        step, option, text, rating, flagged, chosen, human, ms = self.values()
        return StepRating(
            label=label,
            step=step,
            option=option,
            text=text,
            rating=rating,
            flagged=flagged,
            chosen=chosen,
            human=human,
            ms=ms,
        )


def check_judgement(judgement: Judgement) -> None:
    """What holds in both phases. Raises IncompleteLabel."""
    if judgement.active_ms is not None and judgement.active_ms > judgement.total_time_ms:
        raise IncompleteLabel("The active time is longer than the total time.")
    needs_reason = judgement.finish_reason in (FinishReason.GIVE_UP, FinishReason.BAD_PROBLEM)
    if needs_reason and not judgement.reason.strip():
        raise IncompleteLabel("Please say in a few words why.")
    _check_explained(judgement)


def _check_explained(judgement: Judgement) -> None:
    critiques = judgement.extensions.get("critiques")
    if not critiques or judgement.finish_reason != FinishReason.FOUND_ERROR:
        return
    if not critiques["own"].strip() and all(one["rating"] < 1 for one in critiques["rated"]):
        raise IncompleteLabel("No explanation of the mistake is great: please write one.")


def solution_rows(
    judgement: Judgement, *, project: Project, steps: Sequence[str], alternatives: Sequence[str]
) -> list[Row]:
    """The rows of a phase-2 label: every step in order to the first error or the end, at the error its alternatives.

    `alternatives` are those that were offered at the error. Raises IncompleteLabel.
    """
    path = [rating for rating in judgement.ratings if rating.option == 0]
    beside = [rating for rating in judgement.ratings if rating.option > 0]
    _check_path(path, len(steps))
    _check_end(judgement, [rating.rating for rating in path], len(steps), project)
    _check_alternatives(judgement, path, beside, alternatives)
    return [Row(rating, chosen=rating.rating != -1) for rating in path] + [
        Row(rating, text=alternatives[rating.option - 1], flagged=rating.flagged) for rating in beside
    ]


def _check_path(path: Sequence[Rating], steps: int) -> None:
    if [rating.step for rating in path] != list(range(len(path))):
        raise IncompleteLabel("Steps are rated in order, each one once, from the first.")
    if len(path) > steps:
        raise IncompleteLabel(f"There are {len(path)} ratings for {steps} steps.")
    if any(rating.rating is None or rating.text or rating.flagged for rating in path):
        raise IncompleteLabel("A step of the solution is rated -1, 0 or 1, and cannot be flagged or rewritten.")
    if -1 in [rating.rating for rating in path[:-1]]:
        raise IncompleteLabel("Rating stops at the first bad step.")


def _check_end(judgement: Judgement, ratings: list[int | None], steps: int, project: Project) -> None:
    match judgement.finish_reason:
        case FinishReason.FOUND_ERROR if ratings[-1:] != [-1]:
            raise IncompleteLabel("To finish with an error, rate the first bad step as bad.")
        case FinishReason.SOLUTION if not ratings:
            raise IncompleteLabel("Nothing is rated yet. Rate the steps in order, up to the first bad one.")
        case FinishReason.SOLUTION if len(ratings) < steps or -1 in ratings:
            raise IncompleteLabel("A solution is finished when every step is rated and none is bad.")
        case FinishReason.SOLUTION if ratings[-1:] == [0] and not project.neutral_end:
            raise IncompleteLabel(
                "In this project the last step of a finished solution is rated great or bad, not okay."
            )
        case _:
            return


def _check_alternatives(
    judgement: Judgement, path: Sequence[Rating], beside: Sequence[Rating], alternatives: Sequence[str]
) -> None:
    if not beside:
        return
    if judgement.finish_reason != FinishReason.FOUND_ERROR:
        raise IncompleteLabel("Only a label that found an error has alternatives.")
    wanted = [(path[-1].step, option) for option in range(1, len(alternatives) + 1)]
    rated = [(rating.step, rating.option) for rating in beside]
    if rated != wanted[: len(rated)]:
        raise IncompleteLabel("The alternatives are those offered at the error, each one once and in order.")
    if len(rated) < len(wanted) or any(rating.rating is None or rating.text for rating in beside):
        raise IncompleteLabel("Please rate all alternatives.")
