"""The web's connections give up on a database that does not answer."""

import time

import psycopg
import pytest
from django.conf import settings

from annotation import connections
from annotation.connections import PatientConnection


@pytest.fixture
def connection(monkeypatch):
    monkeypatch.setattr(connections, "LONGEST_WAIT_SECONDS", 0.5)
    with PatientConnection.connect(conninfo(), autocommit=True) as opened:
        yield opened


def conninfo():
    given = settings.DATABASES["default"]
    names = {"host": given["HOST"], "port": given["PORT"], "user": given["USER"], "password": given["PASSWORD"]}
    return psycopg.conninfo.make_conninfo(
        dbname="postgres", **{name: value for name, value in names.items() if value}, **address_options(given)
    )


def address_options(given):
    return {name: value for name, value in given["OPTIONS"].items() if name == "host"}


def test_an_answer_in_time_is_an_answer(connection):
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_where_none_comes_the_connection_is_given_up(connection):
    began = time.monotonic()

    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(5)")

    assert 0.5 <= time.monotonic() - began < 4
    assert connection.closed
