"""An import by a process of its own, on the database of the test: to be killed, or measured."""

import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from tests import services
from workers.processes import ROOT

OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND state <> 'idle'"""
WRITING = f"{OTHERS} AND backend_xid IS NOT NULL"
PATIENCE_SECONDS = 120


def started(*arguments, **environment):
    """Python with these arguments; what it says is kept in its `stdout`."""
    own = os.environ | {"DATABASE_URL": services.address_of(connection.settings_dict["NAME"])} | environment
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_until_it_writes(process):
    """Until it has rows that nobody else sees yet."""
    while process.poll() is None:
        if _count(WRITING):
            return
        time.sleep(0.005)
    pytest.fail(f"the import ended before it could be killed: {process.stdout.read()[-1000:]}")


def status(process):
    """Once it has ended."""
    process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode


def end(process):
    """Kill it, and wait until PostgreSQL has ended what it was at for the process: only then is it certain what is left."""
    process.kill()
    process.communicate()
    give_up = time.monotonic() + PATIENCE_SECONDS
    while _count(OTHERS):
        if time.monotonic() > give_up:
            pytest.fail("PostgreSQL still works for the dead")
        time.sleep(0.01)


def _count(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]
