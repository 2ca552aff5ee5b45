"""Phase 1: at every step several options are rated, and the solution goes on with one of the good ones.

Lightman et al. 2023, App. D: with a randomly chosen positive option, else a neutral one; where none will do the
labeler writes the step. The draw is made here from the slot and the step, so that nobody can choose the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from active_learning.records import ANSWER_HEADING
from annotation.models import OptionSet, Problem, Project, Slot
from annotation.models.labels import FinishReason
from annotation.models.projects import HumanStepWhen
from annotation.services import options
from annotation.services.judgements import IncompleteLabel, Judgement, Rating, Row


@dataclass(frozen=True)
class Turn:
    """One position as the labeler left it: a rating for each option, and the step that they wrote, if any."""

    ratings: Sequence[int | None]
    own: str = ""


RatedTurn = tuple[Turn, list[Rating]]


@dataclass(frozen=True)
class Step:
    """How a turn went on. `chosen` is None where the labeler's own step was taken."""

    text: str
    chosen: int | None
    rating: int | None
    options: Sequence[str]  # what stood there to be rated


@dataclass(frozen=True)
class Position:
    """Where the dialogue stands."""

    path: list[Step]
    options: list[str]  # to be rated now
    is_ready: bool  # False while the generator still works on the options
    is_over: bool  # the last step gives a final answer
    must_write: bool  # the last turn leaves nothing to go on with: the labeler writes the step
    may_write: bool  # the dialogue has stalled: the labeler may write one instead of what was drawn


def walk(*, slot: Slot, turns: Sequence[Turn]) -> Position:
    """Follow the turns from the problem on. Raises IncompleteLabel where they do not follow the rules."""
    project, problem = slot.project, slot.solution.problem
    path: list[Step] = []
    for turn in turns:
        if _is_final(path):
            raise IncompleteLabel("The dialogue is over: its last step gives the final answer.")
        here = _options(project, problem, path)
        if not here.is_ready:
            raise IncompleteLabel("The options of this step are not there yet.")
        step = _advance(slot, path, turn, here.texts)
        if step is None:
            return Position(path, here.texts, True, False, must_write=True, may_write=False)
        path.append(step)
    if _is_final(path):
        return Position(path, [], True, True, False, False)
    here = _options(project, problem, path)
    return Position(path, here.texts, here.is_ready, False, False, may_write=_has_stalled(project, path))


def dialogue_rows(judgement: Judgement, *, slot: Slot) -> list[Row]:
    """The rows of a phase-1 label. Raises IncompleteLabel."""
    turns = _turns(judgement.ratings)
    position = walk(slot=slot, turns=[turn for turn, _ in turns])
    if position.must_write:
        turns = _before_the_end(judgement, turns, position)
    match judgement.finish_reason:
        case FinishReason.FOUND_ERROR:
            raise IncompleteLabel("A dialogue does not end at an error: rate the options, write a step, or give up.")
        case FinishReason.SOLUTION if not position.is_over:
            raise IncompleteLabel("A dialogue is finished when its last step gives the final answer.")
    return [_row(rating, step) for (_, ratings), step in zip(turns, position.path, strict=True) for rating in ratings]


def draw(*, slot: int, step: int, ratings: Sequence[int | None], texts: Sequence[str], neutral: bool) -> int | None:
    """The option that the dialogue goes on with: a positive one, else a neutral one where that will do, else None.

    A final answer that the labeler calls great is taken before other positive options: it ends the problem.
    """
    for wanted in (1, 0) if neutral else (1,):
        candidates = [place for place, rating in enumerate(ratings) if rating == wanted]
        final = [place for place in candidates if ANSWER_HEADING.search(texts[place])]
        candidates = final if final and wanted == 1 else candidates
        if candidates:
            return Random(f"{slot}:{step}").choice(candidates)
    return None


def _advance(slot: Slot, path: Sequence[Step], turn: Turn, texts: Sequence[str]) -> Step | None:
    if len(turn.ratings) != len(texts) or any(rating not in (-1, 0, 1) for rating in turn.ratings):
        raise IncompleteLabel("Please rate all options.")
    neutral = slot.project.human_step_when == HumanStepWhen.ALL_NEGATIVE
    chosen = draw(slot=slot.pk, step=len(path), ratings=turn.ratings, texts=texts, neutral=neutral)
    if not turn.own:
        return None if chosen is None else Step(texts[chosen], chosen, turn.ratings[chosen], texts)
    if chosen is not None and not _has_stalled(slot.project, path):
        raise IncompleteLabel("A step of your own is for when no option will do.")
    _check_own(turn.own, path, texts)
    return Step(turn.own, None, None, texts)


def _check_own(own: str, path: Sequence[Step], texts: Sequence[str]) -> None:
    if not own.strip():
        raise IncompleteLabel("A step of your own needs words.")
    if own.strip() in {text.strip() for text in [*texts, *(step.text for step in path)]}:
        raise IncompleteLabel("Your step stands there already.")


def _before_the_end(judgement: Judgement, turns: list[RatedTurn], position: Position) -> list[RatedTurn]:
    """The turns of a label that stops where nothing will do: all but the last.

    PRM800K has no place for ratings of a step with which nothing went on; the label keeps them among its edits, as it
    does those of a turn that is half rated.
    """
    stops = judgement.finish_reason in (FinishReason.GIVE_UP, FinishReason.BAD_PROBLEM)
    if not stops or len(position.path) != len(turns) - 1:
        raise IncompleteLabel("The last step has nothing to go on with: write one, or leave its ratings out.")
    return turns[:-1]


def _options(project: Project, problem: Problem, path: Sequence[Step]) -> OptionSet:
    prefix = [step.text for step in path]
    return options.offered(project=project, problem=problem, prefix=prefix, wanted=project.options_per_step)


def _has_stalled(project: Project, path: Sequence[Step]) -> bool:
    last = [step.rating for step in path[-project.stall_after :]]
    return 0 < project.stall_after == len(last) and set(last) == {0}


def _is_final(path: Sequence[Step]) -> bool:
    return bool(path) and ANSWER_HEADING.search(path[-1].text) is not None


def _turns(ratings: Sequence[Rating]) -> list[RatedTurn]:
    by_step: dict[int, list[Rating]] = {}
    for rating in ratings:
        by_step.setdefault(rating.step, []).append(rating)
    turns = []
    for place, (step, group) in enumerate(by_step.items()):
        rated = [one for one in group if not one.text]
        own = [one for one in group if one.text]
        if step != place or [one.option for one in rated] != list(range(len(rated))) or len(own) > 1:
            raise IncompleteLabel("Steps and their options come in order, each one once.")
        if own and (own[0].rating is not None or own[0].option != len(rated)):
            raise IncompleteLabel("A step of your own comes after the options and has no rating.")
        turns.append((Turn([one.rating for one in rated], own[0].text if own else ""), group))
    return turns


def _row(rating: Rating, step: Step) -> Row:
    if rating.text:
        return Row(rating, text=rating.text, chosen=True, flagged=False)
    return Row(rating, text=step.options[rating.option], chosen=rating.option == step.chosen, flagged=rating.flagged)
