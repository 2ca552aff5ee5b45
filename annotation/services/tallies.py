"""Add up the labels of large projects ahead of time, so that no page has to."""

from dataclasses import asdict
from datetime import timedelta
from time import perf_counter

from django.contrib.postgres.functions import TransactionNow
from django.db import connection, transaction
from django.db.models.functions import Now

from annotation.models import Label, Project, Tally, TallyRun
from annotation.queries import tallies as queries

# Fewer labels are added up at every look, in less time than a page may take (docs/decisions/0015).
LARGE = 5_000
LEAST_AGE = timedelta(minutes=1)
REST = 20  # a run is followed by a pause of so many times its length
LOCK = 0x7A11E5


def renew(*, project: Project) -> TallyRun:
    """Add up all labels of the project anew. Waits for a run that goes on already."""
    start = perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, project.pk])
        Tally.objects.filter(project=project).delete()
        columns = ", ".join(["project_id", *queries.KEYS, *queries.SUMS])
        cursor.execute(
            f"INSERT INTO annotation_tally ({columns}) {queries.STATEMENT}", {"project": project.pk, "since": None}
        )
        counts = {"stock": asdict(queries.count_stock(project)), "pool": asdict(queries.count_pool(project))}
        took = round(1000 * (perf_counter() - start))
        run, _ = TallyRun.objects.update_or_create(
            project=project, defaults={"as_of": TransactionNow(), "took_ms": took, "counts": counts}
        )
    run.refresh_from_db()
    return run


def renew_due() -> int:
    """Renew the tallies of large projects in which something may have changed; returns of how many.

    What is older than a pause that keeps the work of all runs below a twentieth of one processor's time.
    """
    due = [project for project in Project.objects.order_by("pk") if _is_due(project)]
    for project in due:
        renew(project=project)
    return len(due)


def _is_due(project: Project) -> bool:
    run = TallyRun.objects.filter(project=project).first()
    if run is None:
        return Label.objects.filter(project=project)[LARGE:].exists()
    pause = max(LEAST_AGE, REST * timedelta(milliseconds=run.took_ms))
    return TallyRun.objects.filter(project=project, as_of__lt=Now() - pause).exists()
