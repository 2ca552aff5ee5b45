"""How a project wants its labels, as its lead sets it; and what its rounds choose and train, as ML staff set it too."""

from typing import Any

from django.db import transaction

from annotation.models import Label, Project, Slot, User
from annotation.models.slots import SlotState
from annotation.services import audit, generators
from annotation.services.refusal import Refusal

# What a lead may change. The short name of a project is settled by whoever makes it.
EDITABLE = frozenset(
    {
        "phase",
        "answer_policy",
        "read_ahead",
        "lease_minutes",
        "alternatives",
        "options_per_step",
        "generator",
        "human_step_when",
        "stall_after",
        "neutral_end",
        "progress_points",
        "critiques",
        "bad_problem_reports",
        "reopen_hours",
        "break_minutes",
        "hourly_cost",
        "currency",
        "overlap_share",
        "most_labels",
        "screening_items",
        "screening_pass",
        "quality_items_per_round",
        "quality_pass",
        "quality_least",
    }
)

# What leads and ML staff may change. A running round goes on by what it was started with.
SELECTION = frozenset(
    {
        "strategy",
        "scope",
        "problems_per_round",
        "solutions_per_problem",
        "wrong_share",
        "random_share",
        "injected_share",
        "most_per_answer",
        "one_of_alike",
        "low_water",
        "high_water",
        "most_of_problem_per_labeler",
        "base_model",
        "training_mode",
        "neutral",
        "min_labels_to_train",
        "auc_tolerance",
        "least_agreement",
    }
)


class PhaseIsFixed(Refusal):
    """This project has labels already, and labels of two phases do not mix. The other phase needs another project."""


class SomebodyIsLabeling(Refusal):
    """Somebody is labeling right now, and a change would refuse their label. Try again when nobody holds a solution."""


def change(*, project: Project, by: User, **fields: Any) -> list[str]:
    """Set these fields of the project; returns the names of those that were different before.

    Raises PhaseIsFixed, SomebodyIsLabeling, generators.ServerNotAllowed; TypeError for what is not EDITABLE.
    """
    return _change(project, by, EDITABLE, fields)


def change_selection(*, project: Project, by: User, **fields: Any) -> list[str]:
    """The same for what rounds choose and train: TypeError for what is not in SELECTION."""
    return _change(project, by, SELECTION, fields)


def _change(project: Project, by: User, allowed: frozenset[str], fields: dict[str, Any]) -> list[str]:
    if unknown := fields.keys() - allowed:
        raise TypeError(f"no settings of a project: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        # Locked, so that the second of two changes says what the first one left. Labels may come in meanwhile.
        kept = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        before = {name: getattr(kept, name) for name in fields}
        changed = sorted(name for name, value in fields.items() if value != before[name])
        if "phase" in changed:
            _check_phase_is_free(kept)
        if "generator" in changed:
            generators.check_server(fields["generator"])
        if changed:
            _write(kept, by, {name: {"before": before[name], "after": fields[name]} for name in changed})
    return changed


def _write(project: Project, by: User, changes: dict[str, dict[str, Any]]) -> None:
    for name, values in changes.items():
        setattr(project, name, values["after"])
    project.save(update_fields=list(changes))
    audit.record(project=project, by=by, action="change settings", target=project.slug, **changes)


def _check_phase_is_free(project: Project) -> None:
    if Label.objects.filter(project=project).exists():
        raise PhaseIsFixed
    if Slot.objects.filter(project=project, state=SlotState.LEASED).exists():
        raise SomebodyIsLabeling
