"""Add up the labels of large projects ahead of time, so that no page has to (docs/decisions/0015)."""

import logging
from dataclasses import asdict
from datetime import date, datetime, timedelta
from math import ceil
from time import perf_counter
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from annotation.models import Label, ModelVersion, Project, SolutionScore, Tally, TallyRun
from annotation.queries import agreement, version_scores
from annotation.queries import tallies as queries

# Fewer labels are added up at every look, in less time than a page may take.
LARGE = 5_000
MANY_SCORES = 20_000
VERSIONS = 10  # whose scores are counted ahead; older ones at every look
LEAST_AGE = timedelta(minutes=1)
REST = 20  # a run is followed by a pause of so many times its length
# What may change in days long past, the grades of solutions and the labels beside those of others, is seen after so long.
WHOLE = timedelta(hours=6)
# A label carries the time at which its transaction began: it may come to be seen so much later.
LATE = timedelta(minutes=10)
LOCK = 0x7A11E5

log = logging.getLogger(__name__)


class RunGoesOn(Exception):
    """Labels are being added up, of this project or another one; one worker at a time does so."""


def renew(*, project: Project, whole: bool = True) -> TallyRun:
    """Add up the labels of the project anew: all of them, or those of the days since the last run.

    Raises RunGoesOn.
    """
    start = perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL work_mem = '128MB'")  # sums of a million labels are kept in memory, not on the disk
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s), now()", [LOCK])
        is_ours, now = cursor.fetchone()
        if not is_ours:
            raise RunGoesOn
        before = None if whole else TallyRun.objects.filter(project=project).first()
        _add_up(cursor, project, since=_first_open_day(project, before.as_of) if before else None)
        counts = {
            "stock": asdict(queries.count_stock(project)),
            "pool": asdict(queries.count_pool(project)),
            version_scores.KEPT: _scores(project, before),
            agreement.KEPT: agreement.keep(agreement.find(project)),
            "whole_at": before.counts["whole_at"] if before else now.isoformat(),
        }
        took = round(1000 * (perf_counter() - start))
        run, _ = TallyRun.objects.update_or_create(
            project=project, defaults={"as_of": TransactionNow(), "took_ms": took, "counts": counts}
        )
    run.refresh_from_db()
    return run


def renew_due() -> int:
    """Renew the tallies of large projects whose last ones are old; returns of how many.

    After a pause that keeps the work of all runs below a twentieth of one processor's time.
    """
    done = 0
    for project in Project.objects.order_by("pk"):
        try:
            done += _renew_if_due(project)
        except RunGoesOn:
            break  # it looks at all projects itself
        except Exception:
            log.exception("project %s was not added up; the others are", project.pk)
    return done


def _renew_if_due(project: Project) -> bool:
    run = TallyRun.objects.filter(project=project).first()
    is_due = _is_due(project, run)
    if is_due:
        renew(project=project, whole=run is None or _is_old(run))
    return is_due


def _is_due(project: Project, run: TallyRun | None) -> bool:
    if run is None:
        scores = SolutionScore.objects.filter(project=project)
        return Label.objects.filter(project=project)[LARGE:].exists() or scores[MANY_SCORES:].exists()
    pause = max(LEAST_AGE, REST * timedelta(milliseconds=run.took_ms))
    return TallyRun.objects.filter(project=project, as_of__lt=Now() - pause).exists()


def _is_old(run: TallyRun) -> bool:
    return run.as_of - datetime.fromisoformat(run.counts["whole_at"]) > WHOLE


def _first_open_day(project: Project, as_of: datetime) -> date:
    """The first day whose labels may have changed since: the oldest label that could still be corrected then."""
    days = ceil(project.reopen_hours / 24)
    return (as_of - LATE).date() - timedelta(days=days)


def _scores(project: Project, before: TallyRun | None) -> dict[str, Any]:
    """Of the newest versions: all anew in a whole run, else those that are not counted yet."""
    kept: dict[str, Any] = before.counts[version_scores.KEPT] if before else {}
    scored = Exists(SolutionScore.objects.filter(version=OuterRef("pk")))
    newest = ModelVersion.objects.filter(scored, project=project).order_by("-pk")[:VERSIONS]
    return {str(one.pk): kept.get(str(one.pk)) or version_scores.keep(one) for one in newest}


def _add_up(cursor: CursorWrapper, project: Project, *, since: date | None) -> None:
    old = Tally.objects.filter(project=project)
    (old.filter(day__gte=since) if since else old).delete()
    columns = ", ".join(["project_id", *queries.KEYS, *queries.SUMS])
    steps = queries.ONE_BY_ONE if since else queries.ALL_TOGETHER
    cursor.execute(
        f"INSERT INTO annotation_tally ({columns}) {queries.statement(steps)}", {"project": project.pk, "since": since}
    )
