"""N6: what a dump brings into an empty database exports the same bytes, and so does data that an upgrade found."""

import os
import shutil
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from annotation.models.snapshots import View
from annotation.services import exporting
from tests import factories, services
from tests.annotation.test_upgrade import migrated_to  # noqa: F401 - a fixture
from workers import embedded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proof]

ROOT = Path(__file__).parents[2]
BEFORE = "0008_pace_of_jobs"  # the newest migration of the version before


@pytest.fixture
def labels(project, alice, bob):
    project.overlap_share = 0.5
    project.save()
    factories.queued(project, 6)
    for labeler, ratings in ((alice, (1, -1)), (bob, (1, 1, 1)), (alice, (0, 1, -1)), (bob, (-1,))):
        factories.label(labeler, ratings)
    return project


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".jsonl"}


def exported(project, folder):
    exporting.export_labels(project=project, view=View.RAW, out_dir=folder)
    return files_of(folder)


def server_program(name):
    """Of the version of the server that the tests stand on."""
    own = embedded.binaries() / name
    is_own = connection.pg_version // 10_000 == int(embedded.POSTGRES_MAJOR)
    return str(own) if is_own else shutil.which(name) or pytest.skip(f"no {name} of the given server's version here")


@contextmanager
def empty_database():
    """The address of one beside the database of the tests."""
    name = f"backup_{uuid.uuid4().hex}"
    with psycopg.connect(services.address_of("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield services.address_of(name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def manage(database, *arguments):
    environment = os.environ | {"DATABASE_URL": database}
    done = subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_n6_a_dump_in_an_empty_database_exports_the_same_bytes(labels, tmp_path):
    before = exported(labels, tmp_path / "before")
    dump = tmp_path / "stepmark.dump"
    source = services.address_of(connection.settings_dict["NAME"])
    subprocess.run([server_program("pg_dump"), "--format=custom", f"--file={dump}", source], check=True)

    with empty_database() as restored:
        command = [server_program("pg_restore"), "--no-owner", f"--dbname={restored}", str(dump)]
        subprocess.run(command, check=True)
        manage(restored, "migrate", "--check")
        manage(restored, "export_labels", "--project", labels.slug, "--out", tmp_path / "after")
        invariants = manage(restored, "verify_invariants")

    assert before == files_of(tmp_path / "after")
    assert before["phase2_train.jsonl"].count(b"\n") == 4
    assert "hold" in invariants


def test_n6_what_the_version_before_held_exports_the_same_bytes_after_an_upgrade(labels, tmp_path, migrated_to):  # noqa: F811
    before = exported(labels, tmp_path / "before")

    migrated_to(BEFORE)
    migrated_to()

    assert exported(labels, tmp_path / "after") == before
