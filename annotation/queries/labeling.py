"""What the labeling page shows. Nothing here may tell what a model or another labeler thinks of a solution."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from annotation.models import (
    Critique,
    Instructions,
    Label,
    Labeler,
    Lease,
    Message,
    MessageRead,
    Project,
    Slot,
    StepRating,
)
from annotation.models.labels import LabelQuerySet, Origin
from annotation.models.projects import AnswerPolicy, Role
from annotation.models.slots import Arm
from annotation.queries import statements
from annotation.queries.excerpts import excerpt

HISTORY = 10  # labels
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class ShownProblem:
    text: str
    subject: str
    answer: str | None


@dataclass(frozen=True)
class Policies:
    """How this project wants its labels; the names are those of Project."""

    phase: int
    answer: str
    read_ahead: str
    alternatives: int
    neutral_end: bool
    progress_points: int
    critiques: bool


@dataclass(frozen=True)
class Assignment:
    slot: int
    lease_token: UUID
    lease_until: datetime | None  # None for a label that is opened again: nothing is leased
    problem: ShownProblem
    steps: list[str]  # none in phase 1, whose steps come one by one
    policies: Policies
    instructions_version: int
    draft: dict[str, Any] | None
    supersedes: UUID | None = None


@dataclass(frozen=True)
class PastLabel:
    """One of the labeler's own newest labels, as they gave it."""

    id: UUID
    problem: str
    finish_reason: str
    ratings: list[int | None]  # of the solution's own steps, or of the chosen options
    created_at: datetime
    is_corrected: bool  # this is itself a correction
    can_reopen: bool


def labeler_of(user: int, slug: str) -> Labeler | None:
    """The user as a labeler of the project, with the project at hand; None where they are none. One query."""
    found = statements.rows(LABELER, {"user": user, "slug": slug, "role": Role.LABELER.value})
    if not found:
        return None
    split = statements.width(Labeler)
    labeler = statements.made(Labeler, found[0][:split])
    labeler.project = statements.made(Project, found[0][split:])
    return labeler


LABELER = f"""
SELECT {statements.columns(Labeler, "labeler")}, {statements.columns(Project, "project")}
FROM annotation_membership place JOIN annotation_project project ON project.id = place.project_id
JOIN annotation_labeler labeler ON labeler.project_id = place.project_id AND labeler.user_id = place.user_id
WHERE place.user_id = %(user)s AND project.slug = %(slug)s AND place.role = %(role)s"""  # nosec B608 # of constants; what people wrote is a parameter


def assignments(project: Project, labeler: Labeler, slots: Sequence[int]) -> dict[int, Assignment]:
    """What the labeler holds of these slots; others may have been given some since they were looked up. One query."""
    found = statements.rows(HELD, {"project": project.pk, "labeler": labeler.pk, "slots": list(slots)})
    return {row[0]: _assignment(project, row, draft and json.loads(draft)) for *row, draft in found}


HELD = """
SELECT slot.id, slot.lease_token, slot.lease_until, (
        SELECT max(version) FROM annotation_instructions WHERE project_id = %(project)s),
    problem.text, problem.subject, problem.answer, solution.steps, draft.body
FROM annotation_slot slot JOIN annotation_solution solution ON solution.id = slot.solution_id
JOIN annotation_problem problem ON problem.id = solution.problem_id
LEFT JOIN annotation_draft draft ON draft.slot_id = slot.id AND draft.labeler_id = slot.lease_owner_id
WHERE slot.id = ANY(%(slots)s) AND slot.project_id = %(project)s AND slot.lease_owner_id = %(labeler)s"""


def _assignment(
    project: Project, row: Sequence[Any], draft: dict[str, Any] | None, *, supersedes: UUID | None = None
) -> Assignment:
    slot, token, until, version, text, subject, answer, steps = row
    return Assignment(
        slot=slot,
        lease_token=token,
        lease_until=until,
        problem=ShownProblem(text, subject, None if project.answer_policy == AnswerPolicy.NEVER else answer),
        steps=steps if project.phase == 2 else [],
        policies=_policies(project),
        instructions_version=version,
        draft=draft,
        supersedes=supersedes,
    )


def reopened(labeler: Labeler, label_id: UUID) -> Assignment | None:
    """One of the labeler's own labels, opened again to be corrected; None where it cannot be."""
    label = reopenable(labeler).filter(pk=label_id).first()
    if label is None:
        return None
    assert label.slot_id is not None  # constraint a_label_given_here_has_a_slot
    slot = Slot.objects.select_related("solution__problem", "project").get(pk=label.slot_id)
    token = Lease.objects.filter(slot=slot, labeler=labeler).order_by("-at").values_list("token", flat=True)[0]
    problem, rules = slot.solution.problem, newest_rules(slot.project)
    row = (slot.pk, token, None, rules.version, problem.text, problem.subject, problem.answer, slot.solution.steps)
    return _assignment(slot.project, row, _as_draft(label), supersedes=label.pk)


def history(labeler: Labeler) -> list[PastLabel]:
    """Two queries."""
    labels = Label.objects.current().filter(labeler=labeler, origin=Origin.LABELER)
    # Asked for each of the few rows: as pk__in it would be answered for every label that they ever gave.
    open_ = Exists(reopenable(labeler).filter(pk=OuterRef("pk")))
    newest: list[Any] = list(
        labels.select_related("solution__problem").annotate(can_reopen=open_).order_by("-created_at")[:HISTORY]
    )
    ratings: dict[UUID, list[int | None]] = {}
    shown = Q(label__phase=2, option=0) | Q(label__phase=1, chosen=True)
    rows = StepRating.objects.filter(shown, label__in=newest).order_by("label", "step")
    for label_id, rating in rows.values_list("label_id", "rating"):
        ratings.setdefault(label_id, []).append(rating)
    return [
        PastLabel(
            id=label.pk,
            problem=excerpt(label.solution.problem.text),
            finish_reason=label.finish_reason,
            ratings=ratings.get(label.pk, []),
            created_at=label.created_at,
            is_corrected=label.supersedes_id is not None,
            can_reopen=label.can_reopen,
        )
        for label in newest
    ]


def reopenable(labeler: Labeler) -> LabelQuerySet:
    """The labeler's own labels that they may still correct."""
    own = Label.objects.current().filter(labeler=labeler, origin=Origin.LABELER)
    return own.filter(created_at__gte=Now() - F("project__reopen_hours") * HOUR)


def critiques(slot: Slot, step: int) -> list[str]:
    """Explanations of what is wrong with a step, for a labeler who has found it to be bad; none where the project asks
    for none, and none in a screening. The page asks at the error, but a program could ask at every step: the one that has
    a text is the error. Gold has them as others do, or it would be known by that.
    """
    project = slot.project
    if not project.critiques or project.phase != 2 or slot.arm == Arm.SCREENING:
        return []
    found = Critique.objects.filter(solution=slot.solution_id, step=step).order_by("place")
    return list(found.values_list("text", flat=True))


def unread_messages(labeler: Labeler) -> int:
    read = MessageRead.objects.filter(message=OuterRef("pk"), labeler=labeler)
    return Message.objects.to(labeler).filter(~Exists(read)).count()


def newest_rules(project: Project) -> Instructions:
    """The version of the instructions that labelers must have read before they go on."""
    return Instructions.objects.filter(project=project).order_by("-version")[0]


def done_today(labeler: Labeler) -> int:
    """Labels since midnight, UTC."""
    ((done,),) = statements.rows(DONE_TODAY, {"labeler": labeler.pk})
    return int(done)


DONE_TODAY = """
SELECT count(*) FROM annotation_label
WHERE labeler_id = %(labeler)s AND supersedes_id IS NULL AND created_at >= date_trunc('day', now(), 'UTC')"""


def _policies(project: Project) -> Policies:
    return Policies(
        phase=project.phase,
        answer=project.answer_policy,
        read_ahead=project.read_ahead,
        alternatives=project.alternatives,
        neutral_end=project.neutral_end,
        progress_points=project.progress_points,
        critiques=project.critiques,
    )


def _as_draft(label: Label) -> dict[str, Any]:
    rows = label.steprating_set.order_by("step", "option")
    extensions = {one.kind: one.body for one in label.labelextension_set.all()}
    return {
        "ratings": [
            {
                "step": row.step,
                "option": row.option,
                "rating": row.rating,
                "flagged": bool(row.flagged),
                "text": row.text if row.human else "",
                "ms": row.ms,
            }
            for row in rows
        ],
        "finish_reason": label.finish_reason,
        "reason": label.reason,
        "total_ms": label.total_time_ms,
        "active_ms": label.active_ms,
        "shown": label.shown,
        "edits": [],  # those of the correction begin here
        "extensions": extensions,
    }
