"""The web's connections give up on a database that does not answer, and are there again when it is."""

import time

import psycopg
import psycopg_pool
import pytest
from django.conf import settings

from annotation import connections
from annotation.connections import POOL, PatientConnection


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


@pytest.mark.slow
def test_however_long_the_database_was_away_the_next_who_asks_has_a_connection():
    """Not after as long again, as the pool itself would have it."""
    is_away = True

    class Sometimes(PatientConnection):
        @classmethod
        def connect(cls, *arguments, **options):
            if is_away:
                raise psycopg.OperationalError("away")
            return super().connect(*arguments, **options)

    options = POOL | {"connection_class": Sometimes, "min_size": 2, "max_size": 2}
    with psycopg_pool.ConnectionPool(conninfo(), **options, open=True) as pool:
        for _ in range(3):
            with pytest.raises(psycopg_pool.PoolTimeout):
                pool.getconn()
        is_away = False

        with pool.connection() as first, pool.connection() as second:
            assert first.execute("SELECT 1").fetchone() == second.execute("SELECT 1").fetchone() == (1,)
