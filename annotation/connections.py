"""Connections of the web to PostgreSQL, none of which waits for ever."""

import time
from typing import Any

import psycopg

# Longer than a statement may take (labeling_ui/wsgi.py), so that a server that lives says itself what happened.
LONGEST_WAIT_SECONDS = 5.5


class PatientConnection(psycopg.Connection[Any]):
    """Gives up on a server that takes what it is sent and never answers.

    statement_timeout is the server's own clock and stops with it; tcp_user_timeout sees a network that is gone, not a
    server that hangs. Without this each thread of the web would wait until somebody restarts it.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises psycopg.OperationalError where the answer is not there in time; the connection is closed then."""
        most = LONGEST_WAIT_SECONDS if timeout is None else timeout
        began = time.monotonic()
        try:
            return super().wait(gen, interval, most)
        except psycopg.OperationalError:
            if time.monotonic() - began >= most:
                self.pgconn.finish()  # else the late answer would be taken for that of the next statement
            raise


# How the web asks for a connection. An attempt is given up soon, for each request that finds none makes a new one; else
# the pool would wait twice as long after each failure, and be away for up to as long again as the database was.
POOL = {"timeout": 1.5, "reconnect_timeout": 0.5, "connection_class": PatientConnection}
