"""A backup comes back: into an empty database, or into a scratch one that only shows whether it would (a drill)."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from psycopg import sql

from annotation.services.refusal import Refusal
from workers import backup, postgres_programs, restored_files
from workers.processes import ROOT
from workers.restored_files import Changes

Say = Callable[[str], None]
OF_INITDB = "standard public schema"


class NotEmpty(Refusal):
    """There are projects or accounts in this database already. To put the backup in their place, say --replace."""


class InUse(Refusal):
    """Somebody is connected to this database. Stop the web, the workers and the schedule first."""


class TooNew(Refusal):
    """A newer version of Stepmark made this backup. Install that version first."""


class CutShort(Refusal):
    """An earlier restore was cut short when its database was in already. What was there before it waits in the schema
    stepmark_before_restore. To keep what is there now: DROP SCHEMA stepmark_before_restore CASCADE. To give that up for
    what was before: DROP SCHEMA public CASCADE; CREATE SCHEMA public, and restore once more, without --replace: it puts
    that back, and refuses to go on."""


class FilesDiffer(Refusal):
    """Other files are in their place in the data folder. To put those of the backup there, say --replace."""


class RestoreFailed(Exception):
    """The backup is not what it should be, or not all could be put back; the message says what."""


@dataclass(frozen=True)
class Target:
    url: str
    data: Path


def restore(*, folder: Path, replace: bool, say: Say) -> None:
    """Put a backup into the database and the data folder of the settings.

    Raises NotABackup, TooNew, InUse, NotEmpty, CutShort, FilesDiffer, NoProgram, ProgramFailed, RestoreFailed, and
    OSError where files cannot be moved.
    """
    manifest = _checked(folder, say)
    target = Target(postgres_programs.address(), settings.DATA_DIR)
    connection.close()  # it would be somebody who is connected
    with psycopg.connect(target.url, autocommit=True) as server:
        _check_place(server, target.data, replace=replace)
        changes = _changes(folder, manifest, target, replace=replace)
        with _making_room(server, target.data) as aside:
            told = _put_files(folder, changes, target, aside)
            say(f"Its files are in, {len(manifest['files']) - 1} of them. {told}")
            _load(folder, target, server)
            say("The database is in.")
            _check_counts(manifest, target)
            sound = _brought_up(target)
    say(sound)


def drill(*, folder: Path, say: Say) -> None:
    """The same into a scratch database on the same server, which is dropped afterwards; nothing else is touched.

    Raises NotABackup, TooNew, NoProgram, ProgramFailed, RestoreFailed.
    """
    manifest = _checked(folder, say)
    with _scratch_database() as url, psycopg.connect(url, autocommit=True) as server:
        target = Target(url, folder / backup.FILES)
        _load(folder, target, server)
        say("The database comes back.")
        _check_counts(manifest, target)
        say(_brought_up(target))


def _checked(folder: Path, say: Say) -> dict[str, Any]:
    manifest = backup.verified(folder)
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if not known.issuperset(manifest["migrations"]):
        raise TooNew
    say(f"The backup of {manifest['made_at']} is whole: {len(manifest['files'])} files.")
    return manifest


def _check_place(server: psycopg.Connection, data: Path, *, replace: bool) -> None:
    _check_alone(server)
    _end_cut_short(server, data)
    if not replace and not _is_empty(server):
        raise NotEmpty


@contextmanager
def _making_room(server: psycopg.Connection, data: Path) -> Iterator[Path]:
    """Set aside what is there while the block fills an empty schema; put it back where the block fails.

    Yields the folder for files that are to step aside. The schema's comment names it, so that the next restore finds it
    where this one is killed.
    """
    _check_alone(server)
    aside = restored_files.new_aside(data, timezone.localtime())
    with server.transaction():
        server.execute(f"ALTER SCHEMA public RENAME TO {backup.ASIDE}")
        server.execute(sql.SQL(f"COMMENT ON SCHEMA {backup.ASIDE} IS {{}}").format(aside.name))
        # As initdb makes it.
        server.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        server.execute(f"COMMENT ON SCHEMA public IS '{OF_INITDB}'")
        server.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    try:
        yield aside
    except BaseException:
        _put_back(server, data)
        raise
    # The last act: until here all can be undone.
    server.execute(f"DROP SCHEMA {backup.ASIDE} CASCADE")
    restored_files.keep(aside)


def _check_alone(server: psycopg.Connection) -> None:
    others = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    if _value(server, others):
        raise InUse


def _end_cut_short(server: psycopg.Connection, data: Path) -> None:
    if _value(server, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", backup.ASIDE):
        if not _is_empty(server):
            raise CutShort
        _put_back(server, data)


def _put_back(server: psycopg.Connection, data: Path) -> None:
    """The files, then the database, which knows of the files until then."""
    of_schema = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    aside = _value(server, of_schema, backup.ASIDE) or ""
    try:
        if aside.startswith(restored_files.PREFIX):  # the version before set no files aside
            restored_files.take_back(data, data / aside)
    except OSError as error:
        raise RestoreFailed(
            f"Files of before still lie in {data / aside}, to be moved back by hand: {error}"
        ) from error
    finally:
        with server.transaction():
            server.execute("DROP SCHEMA public CASCADE")
            server.execute(f"ALTER SCHEMA {backup.ASIDE} RENAME TO public")
            server.execute(f"COMMENT ON SCHEMA public IS '{OF_INITDB}'")


def _is_empty(server: psycopg.Connection) -> bool:
    for table in ("annotation_project", "annotation_user"):
        is_there = _value(server, "SELECT to_regclass(%s)", f"public.{table}")
        if is_there and _value(server, f"SELECT EXISTS (SELECT FROM public.{table})"):  # nosec B608 # of constants
            return False
    return True


def _load(folder: Path, target: Target, server: psycopg.Connection) -> None:
    program = postgres_programs.program("pg_restore", server=server.info.server_version)
    options = (
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        f"--dbname={server.info.dbname}",
    )
    env = postgres_programs.environment(target.url)
    postgres_programs.run(program, *options, str(folder / backup.DUMP), env=env)


def _check_counts(manifest: dict[str, Any], target: Target) -> None:
    with psycopg.connect(target.url) as server:
        found = {table: _value(server, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
                 for table in manifest["counts"]}  # fmt: skip
    wrong = [f"{table} has {found[table]} rows, not {wanted}" for table, wanted in manifest["counts"].items()
             if found[table] != wanted]  # fmt: skip
    if wrong:
        raise RestoreFailed("; ".join(wrong))


def _changes(folder: Path, manifest: dict[str, Any], target: Target, *, replace: bool) -> Changes:
    inside = [Path(one["name"]) for one in manifest["files"]]
    named = {Path(*path.parts[1:]) for path in inside if path.parts[0] == backup.FILES and path.parts[1] in backup.KEPT}
    changes = restored_files.changes(folder / backup.FILES, named, target.data)
    if changes.others and not replace:
        raise FilesDiffer(f"{FilesDiffer()} Such as {changes.others[0]}.")
    return changes


def _put_files(folder: Path, changes: Changes, target: Target, aside: Path) -> str:
    stepped_aside = restored_files.put(folder / backup.FILES, changes, target.data, aside)
    if changes.others or changes.unnamed:
        return f"What else was there, {stepped_aside} files, lies in {aside} now."
    return "No other files were there."


def _brought_up(target: Target) -> str:
    """Bring it to this version, and look whether it is sound; what the second command says of it."""
    _manage(target, "migrate", "--noinput", "--verbosity=0")
    return _manage(target, "verify_invariants", "--files").splitlines()[-1]


def _manage(target: Target, *arguments: str) -> str:
    """Raises RestoreFailed with what it printed."""
    own = {"DATABASE_URL": target.url, "DATA_DIR": str(target.data), "SECRET_KEY": settings.SECRET_KEY}
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RestoreFailed(f"manage.py {arguments[0]} says:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


@contextmanager
def _scratch_database() -> Iterator[str]:
    name = f"drill_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_programs.address(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield postgres_programs.address(name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _value(server: psycopg.Connection, statement: Any, *values: object) -> Any:
    row = server.execute(statement, values).fetchone()
    return row[0] if row else None
