"""The database: does it answer, and will it keep what it says it has kept?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from annotation.queries.diagnosis import Check, bad, ok

OLDEST_MAJOR = 15
# A power cut takes the last labels with it where one of these is off, and no kill -9 would ever show it.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
MOST_SECONDS_APART = 5.0


def reachable() -> Check:
    name = "database"
    try:
        version = _value("SELECT current_setting('server_version_num')::int")
    except Error as error:
        reason = str(error).strip().splitlines()[0]
        return bad(
            name,
            f"PostgreSQL does not answer: {reason}",
            "Start Stepmark: make run." if settings.LOCAL else "Start it, or mend DATABASE_URL.",
        )
    told = f"PostgreSQL {version // 10_000}.{version % 10_000} answers."
    if version // 10_000 < OLDEST_MAJOR:
        return bad(name, told, f"Stepmark needs PostgreSQL {OLDEST_MAJOR} or newer: dump it, and restore into one.")
    return ok(name, told)


def checks() -> Iterator[Check]:
    yield _durability()
    yield _role()
    yield _migrations()
    yield _clock()


def _durability() -> Check:
    off = [name for name in DURABLE if _value(f"SELECT current_setting('{name}')") == "off"]
    if off:
        do = f"Set {' and '.join(f'{name} = on' for name in off)} in postgresql.conf and reload it."
        return bad("durability", f"A power cut would lose saved labels: {', '.join(off)} off.", do)
    return ok("durability", f"{', '.join(DURABLE)} are on.")


def _role() -> Check:
    role, is_superuser = _row("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    if is_superuser and not settings.LOCAL:
        do = "Let a role without rights own the database, and name it in DATABASE_URL (docs/operations.md)."
        return bad("role", f"The role {role} is a superuser: a hole in the web would open the whole server.", do)
    return ok("role", f"The role {role} is {'a superuser of its own server' if is_superuser else 'no superuser'}.")


def _migrations() -> Check:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return bad("migrations", f"{len(missing)} are not applied.", "Run manage.py migrate.")
    return ok("migrations", "All are applied.")


def _clock() -> Check:
    before = datetime.now(UTC)
    theirs = _value("SELECT clock_timestamp()")
    apart = abs((theirs - before).total_seconds())
    if apart > MOST_SECONDS_APART:
        do = "Let both machines keep time (chrony, systemd-timesyncd). Leases go by the database's, certificates by ours."
        return bad("clock", f"This machine and the database are {apart:.0f} s apart.", do)
    return ok("clock", f"This machine and the database are {apart:.1f} s apart.")


def _value(statement: str) -> Any:
    return _row(statement)[0]


def _row(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()
