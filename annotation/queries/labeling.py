"""What the labeling page shows. Nothing here may tell what a model or another labeler thinks of a solution."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import Now, TruncDay

from annotation.models import Draft, Instructions, Label, Labeler, Slot
from annotation.models.projects import AnswerPolicy


@dataclass(frozen=True)
class ShownProblem:
    text: str
    subject: str
    answer: str | None


@dataclass(frozen=True)
class Assignment:
    slot: int
    lease_token: UUID
    lease_until: datetime
    problem: ShownProblem
    steps: list[str]
    read_ahead: bool
    instructions_version: int
    draft: dict[str, Any] | None


def assignment(slot_id: int) -> Assignment | None:
    """The leased slot as its owner may see it; None where nobody holds it any more. Three queries."""
    slot = Slot.objects.select_related("solution__problem", "project").get(pk=slot_id)
    if slot.lease_token is None or slot.lease_until is None:
        return None
    draft = Draft.objects.filter(slot=slot, labeler=slot.lease_owner_id).first()
    problem, project = slot.solution.problem, slot.project
    return Assignment(
        slot=slot.pk,
        lease_token=slot.lease_token,
        lease_until=slot.lease_until,
        problem=ShownProblem(
            text=problem.text,
            subject=problem.subject,
            answer=problem.answer if project.answer_policy == AnswerPolicy.ALWAYS else None,
        ),
        steps=slot.solution.steps,
        read_ahead=project.read_ahead,
        instructions_version=instructions_version(project.pk),
        draft=draft.body if draft else None,
    )


def instructions_version(project_id: int) -> int:
    return Instructions.objects.filter(project=project_id).order_by("-version").values_list("version", flat=True)[0]


def done_today(labeler: Labeler) -> int:
    """Labels since midnight, UTC."""
    return Label.objects.filter(labeler=labeler, supersedes__isnull=True, created_at__gte=TruncDay(Now())).count()
