"""Restores that take nothing away when they fail, and leave no old file where a new one will be looked for."""

import shutil
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pytest

from annotation.models import Project, Snapshot, User
from annotation.models.jobs import JobKind
from annotation.services import snapshots
from tests import services
from tests.annotation.test_backup import empty_database, manage
from workers import backup, exports, postgres_programs, restore, restored_files
from workers.duty import work_off

OWN = "rounds/1/config.json"  # what the backup has
OLD = ["rounds/1/earlier.json", "rounds/2/checkpoint/meta.json", "snapshots/a/7/manifest.json", "refills/8/pool-0"]


@pytest.fixture
def folder(tmp_path):
    """A backup with one file."""
    made = tmp_path / "backup"
    (made / "files" / OWN).parent.mkdir(parents=True)
    (made / "database.dump").write_bytes(b"a dump")
    (made / "files" / OWN).write_bytes(b"{}")
    files = [backup._described(made, made / name) for name in ("database.dump", f"files/{OWN}")]
    backup._seal(made, {"format": 1, "made_at": "today", "counts": {}, "migrations": [], "files": files})
    return made


@pytest.fixture
def database(db):
    """An empty one, with a connection."""
    with empty_database() as url, psycopg.connect(url, autocommit=True) as server:
        yield server


def tables(server):
    found = server.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^pg_|information'")
    return set(found.fetchall())


def with_a_project(server):
    server.execute("CREATE TABLE annotation_project (id int)")
    server.execute("INSERT INTO annotation_project VALUES (1)")


@contextmanager
def room(server, data):
    """Of a restore that puts no files."""
    with restore._making_room(server, data) as aside:
        restored_files.put(data, restored_files.Changes([], [], []), data, aside)
        yield


def test_an_empty_database_is_filled_and_what_was_aside_goes(database, tmp_path):
    database.execute("CREATE TABLE annotation_project (id int)")  # as migrate makes it: no rows
    restore._check_place(database, tmp_path, replace=False)
    with room(database, tmp_path):
        database.execute("CREATE TABLE restored (id int)")
    assert tables(database) == {("public", "restored")}
    assert list(tmp_path.iterdir()) == []


def test_a_restore_that_fails_puts_back_what_was_there(database, tmp_path):
    with_a_project(database)
    with pytest.raises(psycopg.Error), room(database, tmp_path):
        database.execute("CREATE TABLE restored (id int); SELECT nonsense")
    assert tables(database) == {("public", "annotation_project")}


def test_a_database_with_projects_is_kept_unless_it_is_to_be_replaced(database, tmp_path):
    with_a_project(database)
    with pytest.raises(restore.NotEmpty):
        restore._check_place(database, tmp_path, replace=False)
    restore._check_place(database, tmp_path, replace=True)
    with room(database, tmp_path):
        pass
    assert tables(database) == set()


def test_a_database_that_somebody_uses_is_not_touched(database, tmp_path):
    with psycopg.connect(services.address_of(database.info.dbname)):
        with pytest.raises(restore.InUse):
            restore._check_place(database, tmp_path, replace=True)
        with pytest.raises(restore.InUse), room(database, tmp_path):
            pass


def test_after_a_restore_that_was_killed_the_next_one_begins_anew(database, tmp_path):
    with_a_project(database)
    database.execute("ALTER SCHEMA public RENAME TO stepmark_before_restore")
    database.execute("CREATE SCHEMA public")
    with pytest.raises(restore.NotEmpty):
        restore._check_place(database, tmp_path, replace=False)
    assert tables(database) == {("public", "annotation_project")}


def test_newer_rows_beside_the_leftover_of_a_killed_restore_are_for_a_person_to_judge(database, tmp_path):
    with_a_project(database)
    database.execute("CREATE SCHEMA stepmark_before_restore")
    with pytest.raises(restore.CutShort):
        restore._check_place(database, tmp_path, replace=True)
    assert ("public", "annotation_project") in tables(database)


def test_rows_that_are_missing_after_a_restore_are_named(database):
    database.execute("CREATE TABLE annotation_project (id int)")
    target = restore.Target(services.address_of(database.info.dbname), None)
    restore._check_counts({"counts": {"annotation_project": 0}}, target)
    with pytest.raises(restore.RestoreFailed, match="annotation_project has 0 rows, not 1"):
        restore._check_counts({"counts": {"annotation_project": 1}}, target)


@pytest.fixture
def site(database, folder, settings, tmp_path, monkeypatch):
    """A folder of data, beside a database whose loading takes no dump and whose checks take no time."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()

    def load(_, __, server):
        server.execute("CREATE TABLE annotation_project (id int); CREATE TABLE restored (id int)")
        server.execute("INSERT INTO annotation_project VALUES (2)")

    monkeypatch.setattr(postgres_programs, "address", lambda: services.address_of(database.info.dbname))
    monkeypatch.setattr(restore, "_check_alone", lambda _: None)  # the tests look on
    monkeypatch.setattr(restore, "_load", load)
    monkeypatch.setattr(restore, "_brought_up", lambda _: "All invariants hold.")
    return settings.DATA_DIR


def write(data, *names):
    for name in names:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(f"old {name}")


def tree(data):
    """Of empty folders the names, too."""
    return {str(path.relative_to(data)): path.is_file() and path.read_text() for path in sorted(data.rglob("*"))}


def restored(folder, *, replace=False):
    said = []
    restore.restore(folder=folder, replace=replace, say=said.append)
    return said


@pytest.mark.parametrize("replace", [False, True])
def test_files_that_the_backup_does_not_name_step_aside(site, folder, replace):
    write(site, *OLD, "secret_key", "uploads/a", "backups/b/files/rounds/1/c")
    (site / "sampling" / "3").mkdir(parents=True)

    said = restored(folder, replace=replace)

    [aside] = site.glob("before-restore-*")
    assert {name for name, text in tree(aside).items() if text} == set(OLD)
    assert (aside / "sampling" / "3").is_dir()
    assert {path.name for shelf in ("rounds", "snapshots", "refills", "sampling") for path in (site / shelf).iterdir()} \
        == {"1"}  # fmt: skip
    assert [path.name for path in (site / "rounds" / "1").iterdir()] == ["config.json"]
    assert all((site / name).exists() for name in ("secret_key", "uploads/a", "backups/b/files/rounds/1/c"))
    assert f"What else was there, {len(OLD)} files, lies in {aside} now." in said[1]
    assert said[-1] == "All invariants hold."


def test_a_restore_beside_the_same_files_leaves_them_and_no_folder_aside(site, folder):
    restored(folder)
    inode = (site / OWN).stat().st_ino

    said = restored(folder, replace=True)

    assert (site / OWN).stat().st_ino == inode
    assert list(site.glob("before-restore-*")) == []
    assert "No other files were there." in said[1]


def test_other_files_in_the_place_of_the_backups_are_kept_unless_they_are_to_be_replaced(site, folder):
    write(site, OWN)

    with pytest.raises(restore.FilesDiffer, match=r"rounds/1/config\.json"):
        restored(folder)
    assert tree(site) == {"rounds": False, "rounds/1": False, OWN: f"old {OWN}"}
    restored(folder, replace=True)

    [aside] = site.glob("before-restore-*")
    assert (site / OWN).read_text() == "{}"
    assert (aside / OWN).read_text() == f"old {OWN}"


def test_a_folder_in_the_place_of_a_file_and_a_file_in_the_place_of_a_folder_step_aside(site, folder):
    write(site, f"{OWN}/a")
    restored(folder)
    assert (site / OWN).read_text() == "{}"

    shutil.rmtree(site)
    write(site, "rounds/1")
    restored(folder, replace=True)
    assert (site / OWN).read_text() == "{}"


FAILURES = ["_put_files", "_load", "_check_counts", "_brought_up"]


@pytest.mark.parametrize("where", FAILURES)
def test_a_restore_that_fails_anywhere_leaves_database_and_files_as_they_were(
    site, database, folder, monkeypatch, where
):
    with_a_project(database)
    write(site, OWN, *OLD)
    before, rows, act = tree(site), tables(database), getattr(restore, where)

    def fails(*arguments, **options):
        act(*arguments, **options)
        raise restore.RestoreFailed("the disk is full")

    monkeypatch.setattr(restore, where, fails)
    with pytest.raises(restore.RestoreFailed, match="the disk is full"):
        restored(folder, replace=True)

    assert tree(site) == before
    assert tables(database) == rows
    assert database.execute("SELECT id FROM annotation_project").fetchall() == [(1,)]


class Killed(BaseException):
    """In its place nothing is put back any more."""


def killed(folder, monkeypatch, where, *, after):
    """A restore that dies in this function, or right after it."""
    act = getattr(restore, where)

    def dies(*arguments, **options):
        if after:
            act(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(restore, where, dies)
        patch.setattr(restore, "_put_back", lambda *_: None)
        with pytest.raises(Killed):
            restored(folder, replace=True)


@pytest.mark.parametrize("replace", [False, True])
def test_after_a_restore_that_was_killed_the_next_one_puts_files_and_database_back(
    site, database, folder, monkeypatch, replace
):
    with_a_project(database)
    write(site, OWN, *OLD)
    before = tree(site)
    killed(folder, monkeypatch, "_load", after=False)
    assert tree(site) != before
    [aside] = site.glob("before-restore-*")
    aside.rename(aside.with_name("before-restore-of-another-second"))
    aside_is_named = f"COMMENT ON SCHEMA {backup.ASIDE} IS 'before-restore-of-another-second'"
    database.execute(aside_is_named)
    (site / "rounds" / "1" / ".tmp-config.json-0").write_text("it was killed while it wrote this")

    if replace:
        restored(folder, replace=True)
        [aside] = site.glob("before-restore-*")
        assert {name for name, text in tree(aside).items() if text} == {OWN, *OLD}
        assert ("public", "restored") in tables(database)
    else:
        with pytest.raises(restore.NotEmpty):
            restored(folder)
        assert tree(site) == before
    assert not any(schema == backup.ASIDE for schema, _ in tables(database))


def test_a_restore_that_was_killed_while_it_looked_has_lost_nothing_and_says_the_ways_out(
    site, database, folder, monkeypatch
):
    with_a_project(database)
    write(site, OWN, *OLD)
    before = tree(site)
    killed(folder, monkeypatch, "_brought_up", after=True)
    assert (backup.ASIDE, "annotation_project") in tables(database)

    with pytest.raises(restore.CutShort, match="CREATE SCHEMA public, and restore once more, without --replace"):
        restored(folder, replace=True)
    database.execute("DROP SCHEMA public CASCADE")
    database.execute("CREATE SCHEMA public")
    with pytest.raises(restore.NotEmpty):
        restored(folder)

    assert tree(site) == before
    assert tables(database) == {("public", "annotation_project")}


def test_what_an_earlier_restore_set_aside_stays_where_the_next_one_fails(site, database, folder, monkeypatch):
    write(site, *OLD)
    restored(folder)
    before = tree(site)
    monkeypatch.setattr(restore.timezone, "localtime", lambda: datetime.fromisoformat(aside_time(site)))

    with pytest.raises(FileExistsError):  # in the same second
        restored(folder, replace=True)

    assert tree(site) == before
    assert ("public", "restored") in tables(database)


def aside_time(data):
    [aside] = data.glob("before-restore-*")
    day, _, time = aside.name.removeprefix("before-restore-").partition("T")
    return f"{day}T{time.replace('-', ':')}"


def made_anew():
    """A dataset, by a worker; its folder and when it was made. Also in the process of another database."""
    project = Project.objects.get()
    snapshots.request_snapshot(project=project, by=User.objects.get(username="dana"), view="raw")
    work_off(JobKind.EXPORT, exports)
    made = Snapshot.objects.latest("pk")
    return made.folder, made.manifest["created_at"]


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_a_dataset_of_after_the_backup_is_not_published_as_the_one_that_takes_its_number(
    project, dana, settings, tmp_path, monkeypatch
):
    settings.DATA_DIR = tmp_path / "data"
    made = backup.make(out=tmp_path / "backup")
    old_folder, old_time = made_anew()
    monkeypatch.setenv("DATA_DIR", str(settings.DATA_DIR))

    with empty_database() as database:
        manage(database, "restore", made.folder)
        code = "from tests.workers.test_restore import made_anew; print(*made_anew())"
        new_folder, new_time = manage(database, "shell", "--no-imports", "-c", code).split()

    assert new_folder == old_folder
    assert new_time > old_time
    assert len(list(settings.DATA_DIR.glob(f"before-restore-*/{old_folder}/manifest.json"))) == 1
