import time
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

# Whatever wants the table meanwhile waits behind us: labelers hardly notice a second. But between two statements of one
# migration Django may think for longer than a connection is usually let idle.
LIMITS = {"lock_timeout": "1s", "idle_in_transaction_session_timeout": "0"}
ATTEMPTS, PAUSE_SECONDS = 60, 2.0


class Command(migrate.Command):
    """Django's own, for a site that is in use: a change that gets a table to itself within a second, or tries again.

    Behind a long read it would wait for ever, and everybody else behind it.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            cursor.executemany("SELECT set_config(%s, %s, false)", list(LIMITS.items()))
        try:
            self._migrate(*args, **options)
        finally:
            with connection.cursor() as cursor:
                for name in LIMITS:
                    cursor.execute(f"RESET {name}")  # what the caller does next is no migration

    def _migrate(self, *args: Any, **options: Any) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable) or attempt == ATTEMPTS:
                    raise
                self.stderr.write(
                    f"A table is in use: {str(error).splitlines()[0]}. Trying again in {PAUSE_SECONDS:.0f} s."
                )
                time.sleep(PAUSE_SECONDS)
