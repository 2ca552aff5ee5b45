"""E3: what the version before has stored is there after the upgrade, and so is what its backup holds."""

import pytest

from tests.prove.harness import labelers, ledger, previous, site
from tests.prove.harness.siege import more

COLUMNS = """SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> ALL(%s) GROUP BY table_name"""
CONTENT = """SELECT count(*), md5(string_agg(line, '' ORDER BY line))
    FROM (SELECT md5(row({columns})::text) AS line FROM {table}) lines"""
DJANGOS_OWN = ["django_migrations", "django_content_type", "auth_permission"]  # which an upgrade adds to
DAMAGE = """SET session_replication_role = replica;
    DELETE FROM annotation_steprating WHERE id = (SELECT max(id) FROM annotation_steprating)"""


@pytest.mark.figure(
    "E3",
    "an earlier version's data upgraded, and the backup of the last version restored",
    "every table as it was, 0 lost, invariants hold",
)
def test_an_upgrade_and_an_old_backup_keep_what_was_there(prove, open_folder):
    first = previous.checked_out(previous.EARLIER, open_folder / "first")
    last = previous.checked_out(previous.release(), open_folder / "last")
    backup = open_folder / "backup"
    with site.running(open_folder / "site", code=first) as where:
        kept = _labeled(where, prove.count(short=200, full=4_000))
        columns = dict(where.rows(COLUMNS, DJANGOS_OWN))
        before = _content(where, columns)
        where.code = last
        where.run("manage.py", "migrate", "--noinput")
        where.run("manage.py", "backup", backup)
        where.code = previous.ROOT
        where.run("manage.py", "migrate", "--noinput")
        upgraded = _compared(where, kept, before, columns)
        where.run("manage.py", "restore", backup, "--replace")
        restored = _compared(where, kept, before, columns)
        prove.measured(f"{len(before)} tables; upgraded: {_told(upgraded)}; restored: {_told(restored)}")
        for changed, found in (upgraded, restored):
            assert changed == []
            assert found.is_sound, found

        where.execute(DAMAGE)
        changed, found = _compared(where, kept, before, columns)
    prove.control(f"a rating taken out: {_told((changed, found))}")
    assert changed == ["annotation_steprating"]
    assert not found.is_sound


def _labeled(where, labels):
    where.fill(2 * labels)
    where.web()
    with labelers.at_work(where, pace=0.1) as kept:
        more(where, kept, labels, seconds=60.0 + labels / 10)
    where.programs.end("web")
    return kept


def _content(where, columns):
    return {table: where.rows(CONTENT.format(table=table, columns=columns[table])) for table in columns}


def _compared(where, kept, before, columns):
    """The tables that are not as they were, and what was acknowledged."""
    now = _content(where, columns)
    return [table for table in before if now[table] != before[table]], ledger.audit(where, kept)


def _told(compared):
    changed, found = compared
    return f"{len(changed)} changed, {found}"
