"""What the version before does while an upgrade runs, and what a step back leaves."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from annotation.models import Job
from tests import factories, one_by_one

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def migrated_to():
    """migrated_to(name): the database as that migration leaves it; as the newest one does again at the end."""

    def migrate(*names):
        executor = one_by_one.executor(connection) if names else MigrationExecutor(connection)
        executor.migrate([("annotation", name) for name in names] or executor.loader.graph.leaf_nodes())

    yield migrate
    migrate()


def test_code_that_knows_nothing_of_new_columns_goes_on_inserting_rows():
    project = factories.project()
    with connection.cursor() as cursor:
        for table, new in (
            ("annotation_job", ["losses", "rate"]),
            ("annotation_project", ["low_water", "high_water", "most_of_problem_per_labeler"]),
        ):
            row = Job.objects.create(project=project, kind="export") if table == "annotation_job" else project
            old = [one.column for one in row._meta.local_fields if one.name not in [*new, "id", "slug"]]
            slug = ["slug"] if row is project else []
            names = ", ".join(old)
            more = ", 'another'" if slug else ""
            cursor.execute(
                f"INSERT INTO {table} ({', '.join([*old, *slug])}) SELECT {names}{more} FROM {table} WHERE id = %s",
                [row.pk],
            )

    assert list(Job.objects.values_list("losses", flat=True)) == [[], []]


@pytest.mark.slow
@pytest.mark.proof
def test_a_step_back_to_before_refills_removes_their_jobs(migrated_to):
    project = factories.project()
    Job.objects.create(project=project, kind="refill")
    kept = Job.objects.create(project=project, kind="export")

    migrated_to("0006_selection_and_gate")

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM annotation_job")
        assert cursor.fetchall() == [(kept.pk,)]
