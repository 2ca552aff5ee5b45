"""`manage.py migrate` on a site that is in use."""

import threading
import time
from itertools import pairwise

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.commands import migrate as django_migrate
from django.db import OperationalError, connection

from annotation.management.commands import migrate
from tests import services

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 2.5


@pytest.fixture
def change(monkeypatch):
    """A migration that wants the table of pulses to itself; gives the moments at which it tried."""
    tried = []

    def handle(self, *args, **options):
        tried.append(time.monotonic())
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE annotation_pulse ADD COLUMN added integer")

    monkeypatch.setattr(django_migrate.Command, "handle", handle)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.3)
    yield tried
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE annotation_pulse DROP COLUMN IF EXISTS added")


@pytest.fixture
def reader():
    """Reads the table for long, in a transaction of its own."""
    with psycopg.connect(services.address_of(connection.settings_dict["NAME"])) as other:
        other.execute("SELECT count(*) FROM annotation_pulse")
        end = threading.Timer(LONG, other.rollback)
        end.start()
        yield other
        end.join()


def test_behind_a_long_read_it_lets_others_pass_and_tries_again(change, reader, capsys):
    call_command("migrate")
    assert len(change) > 1
    assert max(later - earlier for earlier, later in pairwise(change)) < 2  # of the 3 s of the settings
    assert "Trying again" in capsys.readouterr().err
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("3s",)  # as the settings have it again


def test_it_may_think_between_two_statements_for_as_long_as_it_wants(monkeypatch):
    told = []

    def handle(self, *args, **options):
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            told.append(cursor.fetchone())

    monkeypatch.setattr(django_migrate.Command, "handle", handle)
    call_command("migrate")
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert (told, cursor.fetchone()) == ([("0",)], ("10s",))


def test_in_the_end_it_gives_up_and_says_why(change, reader, monkeypatch):
    monkeypatch.setattr(migrate, "ATTEMPTS", 1)
    with pytest.raises(OperationalError, match="lock timeout"):
        call_command("migrate")
