"""A new database is made at once, an older one goes on migration by migration: both end at the same tables."""

import difflib
import subprocess
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests import one_by_one, services
from tests.annotation.test_backup import empty_database, server_program

SQUASHED = "0001_squashed_0023_pulses"
AT_ONCE, BY_STEPS = "at_once", "by_steps"


@contextmanager
def beside(alias):
    """A connection of that name to an empty database."""
    with empty_database() as address:
        other = connection.copy(alias)
        other.settings_dict["NAME"] = urlsplit(address).path.removeprefix("/")
        connections[alias] = other
        try:
            yield other
        finally:
            other.close()
            del connections[alias]


def newest(executor):
    """What leads to the newest tables."""
    return executor.loader.graph.leaf_nodes()


def ours(executor):
    """The names of our migrations that are still to run."""
    plan = executor.migration_plan(newest(executor))
    return [migration.name for migration, _ in plan if migration.app_label == "annotation"]


def applied(other):
    return {name for app, name in MigrationRecorder(other).applied_migrations() if app == "annotation"}


def schema(other):
    """Tables, columns, constraints, indexes, triggers, functions and grants, as lines."""
    address = services.address_of(other.settings_dict["NAME"])
    command = [server_program("pg_dump"), "--schema-only", address]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in dump.splitlines() if not line.startswith("\\")]  # a dump's own key


def described(loader):
    """The models as migrations know them: what the database does not hold, too, like choices and verbose names."""
    state = loader.project_state()
    deep = MigrationAutodetector(state, state).deep_deconstruct
    return {
        key: deep([model.fields, model.options, model.bases, [one.deconstruct() for _, one in model.managers]])
        for key, model in state.models.items()
        if key[0] == "annotation"
    }


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_an_older_database_goes_on_by_steps_and_ends_as_a_new_one_begins():
    with beside(AT_ONCE) as new, beside(BY_STEPS) as older:
        executor = MigrationExecutor(new)
        squashed, *later = ours(executor)
        assert squashed == SQUASHED
        executor.migrate(newest(executor))

        one_by_one.executor(older).migrate([("annotation", "0014_disagreements_are_noted")])
        assert len(applied(older)) == 14
        executor = MigrationExecutor(older)
        steps = [f"{number:04}" for number in range(15, 24)]
        assert [name[:4] for name in ours(executor)] == [*steps, *(name[:4] for name in later)]
        executor.migrate(newest(executor))

        assert "\n".join(difflib.unified_diff(schema(older), schema(new), n=1, lineterm="")) == ""
        assert applied(older) == applied(new)
        assert len(applied(new)) == 1 + 23 + len(later)
        assert ours(MigrationExecutor(older)) == ours(MigrationExecutor(new)) == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_tables_of_the_first_release_can_be_taken_away_again():
    with beside(AT_ONCE) as new:
        executor = MigrationExecutor(new)
        executor.migrate(newest(executor))
        executor = MigrationExecutor(new)

        executor.migrate([("annotation", None)])

        assert [name for name in new.introspection.table_names() if name.startswith("annotation_")] == []
        assert ours(MigrationExecutor(new))[0] == SQUASHED


def test_both_ways_describe_the_same_models():
    assert described(MigrationLoader(None)) == described(one_by_one.Loader(None))
