"""What a lead may change of a project, and what is written down about it."""

from unittest.mock import patch

import pytest
from django.db import IntegrityError

from annotation.models import AuditEvent, Project
from annotation.services import project_settings, queue
from tests import factories


def test_a_change_is_kept_and_written_down_with_what_was_before(project, dana):
    changed = project_settings.change(project=project, by=dana, read_ahead="never", alternatives=0, reopen_hours=24)

    kept = Project.objects.get(pk=project.pk)
    event = AuditEvent.objects.get(action="change settings")
    assert (kept.read_ahead, kept.alternatives, kept.reopen_hours) == ("never", 0, 24)
    assert changed == ["alternatives", "read_ahead"]
    assert (event.actor, event.target, event.project) == (dana, "algebra", project)
    assert event.details == {
        "alternatives": {"before": 3, "after": 0},
        "read_ahead": {"before": "always", "after": "never"},
    }


def test_a_change_that_changes_nothing_is_no_event(project, dana):
    assert project_settings.change(project=project, by=dana, lease_minutes=project.lease_minutes) == []
    assert not AuditEvent.objects.exists()


def test_what_another_change_left_is_what_was_before(project, dana):
    project_settings.change(project=Project.objects.get(pk=project.pk), by=dana, break_minutes=50)

    project_settings.change(project=project, by=dana, break_minutes=0)  # `project` still says 25

    assert AuditEvent.objects.latest("pk").details == {"break_minutes": {"before": 50, "after": 0}}


@pytest.mark.parametrize("name", ["slug", "base_model", "wrong_share", "colour"])
def test_nothing_else_of_a_project_can_be_changed_this_way(name, project, dana):
    with pytest.raises(TypeError, match=name):
        project_settings.change(project=project, by=dana, read_ahead="never", **{name: "x"})

    assert Project.objects.get(pk=project.pk).read_ahead == "always"


def test_every_setting_is_a_field_of_the_project():
    assert {field.name for field in Project._meta.fields} >= project_settings.EDITABLE


def test_the_phase_can_be_chosen_until_there_is_a_label(project, dana, alice):
    factories.queued(project, 2)
    project_settings.change(project=project, by=dana, phase=1)
    project_settings.change(project=project, by=dana, phase=2)
    factories.label(alice)
    queue.give_back(project=project, by=alice, slot=queue.claim_next(project=project, by=alice).slot)

    with pytest.raises(project_settings.PhaseIsFixed):
        project_settings.change(project=project, by=dana, phase=1, read_ahead="never")
    assert project_settings.change(project=project, by=dana, phase=2, read_ahead="never") == ["read_ahead"]


def test_labels_of_another_project_fix_nothing_here(project, dana, charlie):
    factories.queued(charlie.project)
    factories.label(charlie)

    assert project_settings.change(project=project, by=dana, phase=1) == ["phase"]


def test_the_phase_is_left_alone_while_somebody_holds_a_solution(project, dana, alice):
    factories.queued(project)
    held = queue.claim_next(project=project, by=alice)

    with pytest.raises(project_settings.SomebodyIsLabeling):
        project_settings.change(project=project, by=dana, phase=1)

    queue.give_back(project=project, by=alice, slot=held.slot)
    assert project_settings.change(project=project, by=dana, phase=1) == ["phase"]


def test_a_change_that_cannot_be_written_down_is_not_made(project, dana):
    broken = patch("annotation.services.project_settings.audit.record", side_effect=IntegrityError)

    with broken, pytest.raises(IntegrityError):
        project_settings.change(project=project, by=dana, read_ahead="never")

    assert Project.objects.get(pk=project.pk).read_ahead == "always"
