"""Who adds up large projects, and that neither another run nor a project that fails keeps them from it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DataError, connection, transaction

from annotation.models import TallyRun
from annotation.services import tallies as services
from tests import factories


def labeled(project):
    factories.queued(project, 2)
    by = factories.member(project, "labeler")
    for _ in range(2):
        factories.label(by)
    return project


@pytest.fixture
def large(project, monkeypatch):
    monkeypatch.setattr(services, "LARGE", 1)
    return labeled(project)


@pytest.mark.django_db(transaction=True)
def test_who_finds_a_run_that_goes_on_neither_waits_nor_fails(large):
    with ThreadPoolExecutor(1) as pool, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [services.LOCK])

        assert pool.submit(on_its_own_connection, services.renew_due).result() == 0

    assert services.renew_due() == 1


def on_its_own_connection(act):
    try:
        return act()
    finally:
        connection.close()


def test_a_project_that_cannot_be_added_up_does_not_keep_others_from_it(large, monkeypatch, caplog):
    """Its figures are not what they should be; it comes first, with the lowest id."""
    other = labeled(factories.project())
    real = services.queries.count_stock

    def count(project):
        if project == large:
            raise DataError("integer out of range")
        return real(project)

    monkeypatch.setattr(services.queries, "count_stock", count)

    assert services.renew_due() == 1

    assert TallyRun.objects.get().project == other
    assert f"project {large.pk} was not added up" in caplog.text
