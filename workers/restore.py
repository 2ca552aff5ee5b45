"""A backup comes back: into an empty database, or into a scratch one that only shows whether it would (a drill)."""

import os
import shutil
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
from psycopg import sql

from annotation.services.export_files import new_file, sha256_of
from annotation.services.refusal import Refusal
from workers import backup, postgres_programs
from workers.processes import ROOT

Say = Callable[[str], None]


class NotEmpty(Refusal):
    """There are projects or accounts in this database already. To put the backup in their place, say --replace."""


class InUse(Refusal):
    """Somebody is connected to this database. Stop the web, the workers and the schedule first."""


class TooNew(Refusal):
    """A newer version of Stepmark made this backup. Install that version first."""


class CutShort(Refusal):
    """An earlier restore was cut short, and both its leftover and newer data are here. Look at the schema
    stepmark_before_restore, and drop it where you need it no more."""


class FilesDiffer(Refusal):
    """Other files are in their place in the data folder. To put those of the backup there, say --replace."""


class RestoreFailed(Exception):
    """The backup came back, and is not what it should be; the message says in what."""


@dataclass(frozen=True)
class Target:
    url: str
    data: Path


def restore(*, folder: Path, replace: bool, say: Say) -> None:
    """Put a backup into the database and the data folder of the settings.

    Raises NotABackup, TooNew, InUse, NotEmpty, CutShort, FilesDiffer, NoProgram, ProgramFailed, RestoreFailed.
    """
    manifest = _checked(folder, say)
    target = Target(postgres_programs.address(), settings.DATA_DIR)
    _check_files(folder, manifest, target, replace=replace)
    connection.close()  # it would be somebody who is connected
    with psycopg.connect(target.url, autocommit=True) as server, _making_room(server, replace=replace):
        _load(folder, target, server)
    say("The database is in.")
    _check_counts(manifest, target)
    _put_files(folder, manifest, target)
    say(f"Its files are in, {len(manifest['files']) - 1} of them.")
    say(_brought_up(target))


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


@contextmanager
def _making_room(server: psycopg.Connection, *, replace: bool) -> Iterator[None]:
    """Set aside what is there while the block fills an empty schema; put it back where the block fails."""
    _check_alone(server)
    _end_cut_short(server)
    if not replace and not _is_empty(server):
        raise NotEmpty
    with server.transaction():
        server.execute(f"ALTER SCHEMA public RENAME TO {backup.ASIDE}")
        # As initdb makes it.
        server.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
        server.execute("COMMENT ON SCHEMA public IS 'standard public schema'")
        server.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    try:
        yield
    except BaseException:
        _put_back(server)
        raise
    server.execute(f"DROP SCHEMA {backup.ASIDE} CASCADE")


def _check_alone(server: psycopg.Connection) -> None:
    others = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    if _value(server, others):
        raise InUse


def _end_cut_short(server: psycopg.Connection) -> None:
    if _value(server, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", backup.ASIDE):
        if not _is_empty(server):
            raise CutShort
        _put_back(server)


def _put_back(server: psycopg.Connection) -> None:
    with server.transaction():
        server.execute("DROP SCHEMA public CASCADE")
        server.execute(f"ALTER SCHEMA {backup.ASIDE} RENAME TO public")


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


def _check_files(folder: Path, manifest: dict[str, Any], target: Target, *, replace: bool) -> None:
    other = [path for path, there in _places(manifest, target) if there.exists() and not _is_same(folder / path, there)]
    if other and not replace:
        raise FilesDiffer(f"{FilesDiffer()} Such as {other[0]}.")


def _put_files(folder: Path, manifest: dict[str, Any], target: Target) -> None:
    for path, there in _places(manifest, target):
        if there.exists() and _is_same(folder / path, there):
            continue
        with (folder / path).open("rb") as source, new_file(there) as file:
            shutil.copyfileobj(source, file)


def _places(manifest: dict[str, Any], target: Target) -> Iterator[tuple[Path, Path]]:
    """Each file of the backup, and where it belongs."""
    for one in manifest["files"]:
        path = Path(one["name"])
        if path.parts[0] == backup.FILES and path.parts[1] in backup.KEPT:
            yield path, target.data.joinpath(*path.parts[1:])


def _is_same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and sha256_of(one) == sha256_of(other)


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
