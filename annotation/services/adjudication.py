"""Labelers disagree about a solution: a reviewer judges it without knowing what they said, then decides knowing it."""

import uuid
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from active_learning.records import parse_line
from annotation.models import (
    Adjudication,
    Disagreement,
    Dispute,
    Gold,
    ImportedRecord,
    Instructions,
    Label,
    Labeler,
    Membership,
    Problem,
    Project,
    PutBack,
    Slot,
    Solution,
    StepRating,
    User,
)
from annotation.models.labels import JUDGED, FinishReason, Origin, Resolution
from annotation.models.projects import Role
from annotation.models.quality import GoldKind, GoldOrigin
from annotation.queries import adjudication as queries
from annotation.services import audit, disputes
from annotation.services import gold as gold_services
from annotation.services.judgements import IncompleteLabel, Judgement, Rating, Row, check_judgement, solution_rows
from annotation.services.refusal import Refusal


class NothingToDecide(Refusal):
    """There is nothing to decide about this solution: its labels agree, or there is only one."""


class OwnLabel(Refusal):
    """You have labeled this solution yourself; somebody else has to decide."""


class SeenAlready(Refusal):
    """You have seen what the others say of this solution, and have put it back; somebody else has to decide."""


class JudgedAlready(Refusal):
    """You have judged this solution already. What you thought first is kept, and now you may decide otherwise."""


class TakenByAnother(Refusal):
    """Another reviewer has begun to decide this solution. Nothing of yours was kept."""


class AlreadyDecided(Refusal):
    """This solution is decided already; the decision stays as it is."""


class NotJudgedYet(Refusal):
    """Judge the solution yourself first; after that you see what the others said."""


class NotDecidedYet(Refusal):
    """Only a solution whose first error was decided can become gold."""


class DecisionLeftOut(Refusal):
    """What was decided has to be among what is accepted: the step of the first error, or that there is none."""


def look_again(*, project: Project, solutions: list[int]) -> None:
    """Inside a transaction: note which of these solutions have labels that disagree, and which have not any more."""
    found = set(queries.in_dispute(project, solutions))
    Disagreement.objects.filter(project=project, solution__in=set(solutions) - found).delete()
    Disagreement.objects.bulk_create(
        [Disagreement(project=project, solution_id=pk) for pk in sorted(found)], ignore_conflicts=True
    )


def judge_blind(*, project: Project, solution: int, judgement: Judgement, by: User) -> Adjudication:
    """Keep what the reviewer thinks before they see the others' labels; from then on the solution is theirs to decide.

    Raises NothingToDecide, OwnLabel, SeenAlready, JudgedAlready, TakenByAnother, AlreadyDecided, IncompleteLabel.
    """
    found = Solution.objects.filter(project=project, pk=solution).first()
    if found is None:
        raise NothingToDecide
    begun = _begun_by(found, by, judgement)
    if begun:
        return begun
    _check_open(found, by)
    _rows(project, found, judgement)
    try:
        with transaction.atomic():
            reviewer, _ = Labeler.objects.get_or_create(project=project, user=by)
            made = Adjudication.objects.create(
                project=project, solution=found, reviewer=reviewer, blind=asdict(judgement)
            )
            audit.record(project=project, by=by, action="judge blind", target=f"solution {found.pk}")
    except IntegrityError as error:
        begun = _begun_by(found, by, judgement)
        if begun:
            return begun
        if Adjudication.objects.filter(solution=found).exists():
            raise TakenByAnother from error
        raise
    return made


def _begun_by(solution: Solution, by: User, judgement: Judgement) -> Adjudication | None:
    """The same judgement of theirs, which was sent before. Raises JudgedAlready where they judged otherwise."""
    mine = Adjudication.objects.filter(solution=solution, reviewer__user=by, label__isnull=True).first()
    again = asdict(judgement)
    if mine is not None and any(mine.blind[told] != again[told] for told in ("finish_reason", "ratings", "reason")):
        raise JudgedAlready
    return mine


def _check_open(solution: Solution, by: User) -> None:
    if queries.open_cases(solution.project, by).filter(pk=solution.pk).exists():
        return
    case = Adjudication.objects.filter(solution=solution).select_related("reviewer").first()
    if case is not None:
        raise AlreadyDecided if case.label_id else TakenByAnother
    if PutBack.objects.filter(solution=solution, reviewer__user=by).exists():
        raise SeenAlready
    if Label.objects.filter(solution=solution, labeler__user=by).exists():
        raise OwnLabel
    raise NothingToDecide


def decide(*, project: Project, solution: int, judgement: Judgement, by: User) -> Label:
    """The reviewer's judgement, as it was or changed in sight of the others, is the label that trains.

    Raises NotJudgedYet, TakenByAnother, AlreadyDecided, IncompleteLabel.
    """
    with transaction.atomic():
        case = _held(project, solution, by)
        rows = _rows(project, case.solution, judgement)
        return _write(case, judgement, rows, by)


def take_over(*, project: Project, solution: int, label: UUID, total_time_ms: int, by: User) -> Label:
    """One of the labels is right as it stands, alternatives included: the decision says the same.

    Raises NotJudgedYet, TakenByAnother, AlreadyDecided, NothingToDecide.
    """
    with transaction.atomic():
        case = _held(project, solution, by)
        taken = queries.countable(project).filter(pk=label, solution=case.solution).first()
        if taken is None:
            raise NothingToDecide
        copied = list(taken.steprating_set.order_by("step", "option"))
        judgement = Judgement(
            finish_reason=taken.finish_reason,
            ratings=[_copy(one) for one in copied],
            total_time_ms=total_time_ms,
            reason=taken.reason or _why_not(taken),
        )
        rows = [
            Row(rating, text=one.text, chosen=one.chosen, flagged=one.flagged)
            for rating, one in zip(judgement.ratings, copied, strict=True)
        ]
        return _write(case, judgement, rows, by, taken_over=str(taken.pk))


def _copy(one: StepRating) -> Rating:
    own = one.text or "" if one.human else ""
    return Rating(one.step, one.rating, one.option, one.flagged or False, text=own)


def _why_not(label: Label) -> str:
    """An imported label may call a problem bad without a word; whoever decides so says why."""
    return "" if label.finish_reason in JUDGED else "The label that was taken over gives no reason."


def put_back(*, project: Project, solution: int, by: User) -> None:
    """Let somebody else decide: whoever began may do that, and a lead. Raises NothingToDecide, TakenByAnother,
    AlreadyDecided."""
    with transaction.atomic():
        case = _lock(project, solution)
        if case is None:
            raise NothingToDecide
        if case.label_id:
            raise AlreadyDecided
        leads = Membership.objects.filter(project=project, user=by, role=Role.LEAD)
        if case.reviewer.user_id != by.pk and not leads.exists():
            raise TakenByAnother
        audit.record(project=project, by=by, action="put back", target=f"solution {case.solution_id}", blind=case.blind)
        # It is the reviewer who has seen the labels, also where a lead puts it back.
        PutBack.objects.create(project=project, solution=case.solution, reviewer=case.reviewer)
        case.delete()


def promote(*, project: Project, solution: int, error_steps: list[int], explanation: str, by: User) -> Gold:
    """From the next round on the decided solution is hidden gold; `error_steps`, from 0, are where a first error is
    accepted.

    Raises NotDecidedYet, DecisionLeftOut, and what gold.add_gold raises.
    """
    related = Adjudication.objects.select_related("solution__problem", "solution__project", "label")
    case = related.filter(project=project, solution=solution).first()
    if case is None or case.label is None or case.label.finish_reason not in JUDGED:
        raise NotDecidedYet
    end = queries.with_end(Label.objects.filter(pk=case.label.pk)).values_list("end", flat=True).get()
    if not Gold(error_steps=error_steps).accepts(None if end == queries.NO_ERROR else end):
        raise DecisionLeftOut
    return gold_services.add_gold(
        solution=case.solution,
        kind=GoldKind.HIDDEN,
        error_steps=error_steps,
        explanation=explanation,
        origin=GoldOrigin.ADJUDICATION,
        by=by,
    )


def _lock(project: Project, solution: int) -> Adjudication | None:
    related = Adjudication.objects.select_related("solution__problem", "solution__project", "reviewer")
    return related.select_for_update(of=("self",)).filter(project=project, solution=solution).first()


def _held(project: Project, solution: int, by: User) -> Adjudication:
    """The case that this reviewer has begun, locked.

    Its problem is locked first, as by whoever resolves the disputes of the solution or grades it: else two could wait for
    each other, and a grade that is another in this moment would be missed.
    """
    list(Problem.objects.select_for_update(no_key=True, of=("self",)).filter(project=project, solution=solution))
    case = _lock(project, solution)
    if case is None:
        raise NotJudgedYet
    if case.label_id:
        raise AlreadyDecided
    if case.reviewer.user_id != by.pk:
        raise TakenByAnother
    return case


def _rows(project: Project, solution: Solution, judgement: Judgement) -> list[Row]:
    if judgement.finish_reason not in queries.SAY_SOMETHING:
        raise IncompleteLabel("Who cannot tell decides nothing: put the solution back.")
    check_judgement(judgement)
    return solution_rows(judgement, project=project, steps=solution.steps, alternatives=[])


def _write(case: Adjudication, judgement: Judgement, rows: list[Row], by: User, **details: Any) -> Label:
    project = case.project
    version = Instructions.objects.filter(project=project).aggregate(last=Max("version"))["last"]
    label = Label.objects.create(
        id=uuid.uuid4(),
        project=project,
        solution=case.solution,
        labeler=case.reviewer,
        origin=Origin.REVIEWER,
        phase=2,
        finish_reason=judgement.finish_reason,
        reason=judgement.reason,
        total_time_ms=judgement.total_time_ms,
        instructions_version=version,
        shown={"adjudication": True, "generation": _generation(case.solution)},
        payload_hash=judgement.digest(),
    )
    StepRating.objects.bulk_create([row.for_label(label) for row in rows])
    case.label, case.decided_at = label, Now()
    case.save(update_fields=["label", "decided_at"])
    _settle(case.solution, label, by)
    Slot.objects.in_queue().filter(solution=case.solution).void_unbegun()
    target = f"solution {case.solution_id}"
    audit.record(project=project, by=by, action="decide", target=target, label=str(label.pk), **details)
    return label


def _settle(solution: Solution, label: Label, by: User) -> None:
    """Whoever missed the error that was found was wrong; what is accepted in spite of its answer is in dispute. A problem
    that is bad says nothing of either."""
    disputed = Dispute.objects.open().filter(label__solution=solution, label__phase=2)
    if label.finish_reason == FinishReason.FOUND_ERROR:
        disputed.update(resolution=Resolution.LABELER, resolved_by=by, resolved_at=Now())
    if label.finish_reason != FinishReason.SOLUTION or not disputed.exists():
        disputes.follow_up(label=label)


def _generation(solution: Solution) -> int:
    """The one in which the solution was first labeled: a decision is given in no round of its own."""
    labels = Label.objects.filter(solution=solution, origin__in=[Origin.LABELER, Origin.IMPORT])
    given_here = labels.filter(slot__round__isnull=False).order_by("created_at")
    round_ = given_here.values_list("slot__round__number", flat=True).first()
    if round_ is not None:
        return round_
    line = ImportedRecord.objects.filter(label__in=labels).order_by("number").values_list("line", flat=True).first()
    return (parse_line(line).generation or 0) if line else 0
