"""One import into a project at a time, and nothing beside it that must see all of a file or none of it."""

from django.db import connection

from annotation.models import Project
from annotation.services.refusal import Refusal

LOCK = 5347  # ours among the advisory locks of this database, together with the project's id


class ImportRunning(Refusal):
    """Another import into this project is running. Please start this one when it is done."""


def take(project: Project) -> None:
    """Inside a transaction: until its end nobody else imports into the project. Raises ImportRunning."""
    with connection.cursor() as cursor:
        # Between two statements answers are graded, which may take longer than a web request may idle.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        # A second import would wait for the rows of the first one, and then fail.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, project.pk])
        if not cursor.fetchone()[0]:
            raise ImportRunning
