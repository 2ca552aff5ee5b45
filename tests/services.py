"""The database and the broker that a test run stands on.

One embedded pair for the whole run, started before Django reads its settings and shared by all xdist workers (which
inherit the addresses from the controller's environment); pytest-django makes each worker its own test database in it.
With DATABASE_URL and REDIS_URL set, those are used instead.
"""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tests import quick_flush
from workers.embedded import embedded_services

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "annotation.settings",
    "SECRET_KEY": secrets.token_urlsafe(64),  # one that is written down is refused
    "SECURE": "false",  # the test client speaks plain http; and so nobody needs a second factor
}


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Set up Django on running services while the block lasts."""
    with contextlib.ExitStack() as stack:
        os.environ.update(SETTINGS)
        if worker := os.environ.get("PYTEST_XDIST_WORKER"):
            # It inherits the rest; but rows of different databases may name the same file.
            os.environ["DATA_DIR"] += f"/{worker}"
        else:
            _start(stack)
        django.setup()
        # Each test client would read the whole folder of static files first: 0.15 s.
        settings.WHITENOISE_AUTOREFRESH = True
        connection_created.connect(_be_patient)
        quick_flush.install()
        yield


def address_of(database: str) -> str:
    """The address of another database on the same server, for a process of its own."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def _be_patient(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let test databases be made and dropped however long a busy disk takes; the tests keep the site's time limits."""
    if connection.alias == NO_DB_ALIAS:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


def _start(stack: contextlib.ExitStack) -> None:
    data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stepmark-tests-")))
    data.chmod(0o711)  # as root the services run as another user, who has to pass through
    os.environ.update(DATA_DIR=str(data / "var"), STATIC_ROOT=str(data / "static"))
    if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
        urls = stack.enter_context(embedded_services(data, durable=False))
        os.environ.setdefault("DATABASE_URL", urls.database_url)
        os.environ.setdefault("REDIS_URL", urls.redis_url)
    # Pages name their files by hash, as in production.
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(command, cwd=Path(__file__).parents[1], check=True)
