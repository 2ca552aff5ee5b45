"""pg_dump and pg_restore of a version that fits the server: those of the system, or those beside the embedded server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection

from annotation import local
from annotation.services.refusal import Refusal
from workers import embedded
from workers.processes import StartFailed


class NoProgram(Refusal):
    """There is no pg_dump here that fits the server."""


class ProgramFailed(Exception):
    """A program of PostgreSQL ended without success; the message holds what it said."""


def address(database: str | None = None) -> str:
    """Of the database that Django is connected to, or of another one on the same server."""
    url = os.environ.get("DATABASE_URL") or local.database_url(settings.DATA_DIR)
    # libpq, unlike the settings, knows no other name of the scheme.
    return urlsplit(url)._replace(scheme="postgresql", path=f"/{database or connection.settings_dict['NAME']}").geturl()


def server_version() -> int:
    """Of the server that Django is connected to; 180001 is 18.1."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        [version] = cursor.fetchone()
    return int(version)


def program(name: str, *, server: int) -> Path:
    """The oldest that is not older than the server: what a newer one writes, the server may not know.

    Raises NoProgram.
    """
    fitting = [(major, path) for path in _candidates(name) if (major := _major(path)) >= server // 10_000]
    if not fitting:
        raise NoProgram(
            f"There is no {name} of PostgreSQL {server // 10_000} or newer here: install postgresql-client."
        )
    return min(fitting)[1]


def _candidates(name: str) -> Iterator[Path]:
    if found := shutil.which(name):
        yield Path(found)
    yield from Path("/usr/lib/postgresql").glob(f"*/bin/{name}")  # Debian's, of which the one on PATH is only a choice
    try:
        yield embedded.binaries() / name
    except StartFailed:
        return


def _major(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"(\d+)[.\w]*", said)
    return int(number[1]) if number else 0


def environment(url: str) -> dict[str, str]:
    """What libpq reads. An address among the arguments would show its password to everybody who lists processes."""
    told = psycopg.pq.Conninfo.parse(url.encode())
    return {one.envvar.decode(): one.val.decode() for one in told if one.envvar and one.val is not None}


def run(path: Path, *arguments: str, env: Mapping[str, str]) -> None:
    """Raises ProgramFailed."""
    done = subprocess.run(
        [path, *arguments], env=os.environ | env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProgramFailed(f"{path.name} ended with status {done.returncode}: {done.stderr.strip()[-2000:]}")
