"""Backups that are whole or not there, and programs that fit the server."""

import hashlib
import os
import stat

import psycopg
import pytest
from django.core.management import CommandError, call_command

from annotation.models import Pulse
from annotation.models.jobs import JobKind
from annotation.services import snapshots
from annotation.services.export_files import FolderTaken
from tests import factories, services
from tests.annotation.test_backup import labels  # noqa: F401 - a fixture
from tests.annotation.test_upgrade import migrated_to  # noqa: F401 - a fixture
from workers import backup, exports, postgres_programs, restore
from workers.backup import NotABackup
from workers.duty import work_off
from workers.postgres_programs import NoProgram, ProgramFailed


@pytest.fixture
def folder(tmp_path):
    """A backup in small, as far as its manifest tells."""
    made = tmp_path / "backup"
    (made / "files" / "rounds" / "1").mkdir(parents=True)
    (made / "database.dump").write_bytes(b"a dump")
    (made / "files" / "rounds" / "1" / "config.json").write_bytes(b"{}")
    reseal(made)
    return made


def reseal(made, **changes):
    names = ("database.dump", "files/rounds/1/config.json")
    files = [backup._described(made, made / name) for name in names]
    backup._seal(made, {"format": 1, "made_at": "today", "counts": {}, "migrations": [], "files": files} | changes)


def test_a_backup_as_it_was_written_is_whole(folder):
    assert [one["name"] for one in backup.verified(folder)["files"]] == ["database.dump", "files/rounds/1/config.json"]


@pytest.mark.parametrize(
    "name", ["database.dump", "files/rounds/1/config.json", "manifest.json", "manifest.json.sha256"]
)
def test_one_changed_byte_anywhere_or_a_lost_file_is_refused(folder, name):
    whole = (folder / name).read_bytes()
    for place in range(min(len(whole), 64)):  # the digits of the seal; its name after them is for people
        (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(NotABackup):
            backup.verified(folder)
    (folder / name).unlink()
    with pytest.raises(NotABackup):
        backup.verified(folder)


def test_a_file_that_was_cut_short_is_refused(folder):
    os.truncate(folder / "database.dump", 3)
    with pytest.raises(NotABackup, match=r"database\.dump was changed"):
        backup.verified(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "files/../../secret"])
def test_a_manifest_cannot_lead_out_of_its_folder(folder, name):
    reseal(folder, files=[{"name": name, "bytes": 0, "sha256": hashlib.sha256().hexdigest()}])
    with pytest.raises(NotABackup, match="leads out"):
        backup.verified(folder)


def test_a_backup_of_another_format_is_refused(folder):
    reseal(folder, format=2)
    with pytest.raises(NotABackup, match="format 2"):
        backup.verified(folder)


def test_a_backup_of_a_newer_version_is_refused_before_anything_is_done(folder):
    reseal(folder, migrations=["annotation.9999_from_the_future"])
    with pytest.raises(restore.TooNew):
        restore._checked(folder, print)


def write(data, names):
    for name in names:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)


def files_in(made):
    return {one["name"] for one in backup.verified(made.folder)["files"]} - {"database.dump"}


@pytest.mark.django_db(transaction=True)
def test_what_is_unfinished_secret_or_made_again_stays_out(project, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    round_, job = factories.running_round(project)
    own, made_by = f"rounds/{round_.pk}", f"snapshots/algebra/{job.pk}"
    kept = [f"{own}/checkpoint/meta.json", f"{made_by}/manifest.json", "imports/a.jsonl", "snapshots/a"]
    left = ["secret_key", "logs/web.log", "static/a.js", f"{own}/.tmp-x/a", f"{own}/b.partial", "refills/1/c"]
    left += [f"before-restore-2026-01-31T10-00-00/{own}/d"]
    write(settings.DATA_DIR, kept + left)

    made = backup.make(out=tmp_path / "backup")

    assert files_in(made) == {f"files/{name}" for name in kept}
    assert backup.verified(made.folder)["counts"]["annotation_project"] == 1
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    assert Pulse.objects.filter(part="backup").count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_begun_after_the_dump_stays_out_since_its_number_is_given_out_again(
    project, settings, tmp_path, monkeypatch
):
    settings.DATA_DIR = tmp_path / "data"
    round_, job = factories.running_round(project)
    dump, begun = postgres_programs.run, [f"rounds/{round_.pk + 1}/a", f"snapshots/algebra/{job.pk + 1}/a"]
    begun += ["sampling/1/a", "automatic/1/a"]

    def dumps_slowly(*arguments, **options):
        dump(*arguments, **options)
        write(settings.DATA_DIR, begun)

    monkeypatch.setattr(postgres_programs, "run", dumps_slowly)
    write(settings.DATA_DIR, [f"rounds/{round_.pk}/a"])

    made = backup.make(out=tmp_path / "backup")

    assert files_in(made) == {f"files/rounds/{round_.pk}/a"}


@pytest.mark.django_db(transaction=True)
def test_a_backup_that_fails_leaves_nothing_behind(project, tmp_path, monkeypatch):
    def fails(*_, **__):
        raise ProgramFailed("the disk is full")

    monkeypatch.setattr(postgres_programs, "run", fails)
    with pytest.raises(CommandError, match="the disk is full"):
        call_command("backup", str(tmp_path / "backup"))

    assert list(tmp_path.iterdir()) == []
    assert not Pulse.objects.filter(part="backup").exists()


@pytest.mark.django_db
def test_a_folder_with_something_in_it_is_not_written_into(folder):
    with pytest.raises(FolderTaken):
        backup.make(out=folder)


def fake_program(folder, version):
    folder.mkdir(parents=True)
    path = folder / "pg_dump"
    path.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version} (Debian)'\n")
    path.chmod(0o755)
    return path


def test_of_the_programs_that_fit_the_server_the_oldest_is_taken(tmp_path, monkeypatch):
    paths = [fake_program(tmp_path / version, version) for version in ("15.3", "18.1", "17.5", "beta")]
    monkeypatch.setattr(postgres_programs, "_candidates", lambda name: paths)

    assert postgres_programs.program("pg_dump", server=170_002).parent.name == "17.5"
    with pytest.raises(NoProgram, match="PostgreSQL 19"):
        postgres_programs.program("pg_dump", server=190_000)


def test_a_password_is_not_among_the_arguments_of_a_program(tmp_path):
    env = postgres_programs.environment("postgresql://ada:secret@db.example:5433/stepmark?sslmode=require")
    assert env | {"PGPASSWORD": "secret", "PGHOST": "db.example", "PGPORT": "5433", "PGSSLMODE": "require"} == env
    program = fake_program(tmp_path / "x", "18.1")
    program.write_text('#!/bin/sh\necho "$PGPASSWORD" >&2\nexit 3\n')

    with pytest.raises(ProgramFailed, match=r"pg_dump ended with status 3: secret"):
        postgres_programs.run(program, env=env)


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_a_backup_of_the_version_before_comes_back_brought_up(labels, migrated_to, tmp_path):  # noqa: F811
    migrated_to("0022_sampling_report")
    made = backup.make(out=tmp_path / "backup")
    assert "annotation.0023_pulses" not in backup.verified(made.folder)["migrations"]
    said = []

    restore.drill(folder=made.folder, say=said.append)  # looks for what must hold by the tables of today

    assert said[-1].startswith("All ")


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_a_drill_brings_everything_back_beside_and_leaves_nothing(labels, dana, settings, tmp_path):  # noqa: F811
    settings.DATA_DIR = tmp_path / "data"
    snapshots.request_snapshot(project=labels, by=dana, view="raw")
    work_off(JobKind.EXPORT, exports)
    made = backup.make(out=tmp_path / "backup")
    write(settings.DATA_DIR, ["rounds/9/of a later round"])
    said, there = [], sorted(settings.DATA_DIR.rglob("*"))

    restore.drill(folder=made.folder, say=said.append)

    assert said[-1].startswith("All ")
    assert sorted(settings.DATA_DIR.rglob("*")) == there
    with psycopg.connect(services.address_of("postgres")) as server:
        assert server.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'drill_%'").fetchone() == (0,)
