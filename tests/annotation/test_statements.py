"""The statements on the path of a label, which are prepared (queries/statements.py)."""

import pghistory
import pytest
from django.db import connection

from annotation.models import Draft, Label, Labeler, Lease, Project, Slot, StepRating
from annotation.queries import labeling as queries
from annotation.queries import statements
from tests import factories

pytestmark = pytest.mark.django_db


def test_no_table_that_they_write_keeps_a_history_that_would_miss_who_wrote():
    written = {Slot, Lease, Label, StepRating, Draft}

    tracked = {one.pgh_tracked_model for one in pghistory.models.Event.__subclasses__()}

    assert Labeler in tracked  # it does find them
    assert not written & tracked


def test_what_is_asked_often_is_planned_once(alice, client_for):
    factories.queued(alice.project, 9)
    client = client_for(alice.user)
    for _ in range(8):
        client.post(f"/api/v1/projects/{alice.project.slug}/claim", content_type="application/json")
        factories.label(alice)

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")
        plans = cursor.fetchall()

    assert len(plans) > 5
    assert all(generic and not custom for _, generic, custom in plans)


def test_a_row_is_made_with_all_columns_of_its_table(alice):
    found = queries.labeler_of(alice.user_id, alice.project.slug)

    for model, made, known in ((Labeler, found, alice), (Project, found.project, alice.project)):
        known.refresh_from_db()
        names = [one.attname for one in model._meta.concrete_fields]
        assert not made.get_deferred_fields()
        assert [getattr(made, name) for name in names] == [getattr(known, name) for name in names]


def test_columns_that_were_left_out_are_asked_for_when_they_are_used(alice):
    slot = factories.queued(alice.project)[0]

    made = statements.made(Slot, (slot.pk, slot.state), ("id", "state"))

    assert made.get_deferred_fields() >= {"arm", "served_reason"}
    assert made.served_reason == slot.served_reason
