"""Empties the database after a test with real commits in milliseconds.

Django truncates every table, which makes new files for it and all its indexes, and then looks whether permissions are
missing: 0.5 to 1 s after each such test. Deleting the few rows that a test leaves is faster by far. It needs a
superuser, to pass by foreign keys and by the triggers that forbid deleting; others get Django's way.
"""

from typing import Any

from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

# Written by migrate and never by a test.
KEPT = {"django_content_type", "auth_permission"}

_truncate = DatabaseOperations.sql_flush


def install() -> None:
    DatabaseOperations.sql_flush = _delete
    flush.emit_post_migrate_signal = lambda *_, **__: None  # what it would write was kept


def _delete(self: DatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    wanted = [table for table in tables if table not in KEPT]
    with self.connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        if cursor.fetchone() != ("on",):
            return _truncate(self, style, wanted, **options)
    statements = [f"DELETE FROM {self.quote_name(table)}" for table in wanted]
    return ["SET LOCAL session_replication_role = replica", *statements]
