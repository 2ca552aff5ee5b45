"""A15: a backup that is taken while people label comes back with all that was acknowledged before it began."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from annotation.models.jobs import JobKind
from annotation.services import queue, snapshots
from tests import factories
from tests.annotation.test_backup import empty_database
from workers import backup, exports
from workers.duty import work_off

pytestmark = [pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]
LABELERS = 4
MOST_LABELS = 2000


class Load:
    """People who label without a pause, until they are told to stop, and a ledger of what was acknowledged."""

    def __init__(self, project):
        self._people = [factories.member(project, "labeler") for _ in range(LABELERS)]
        self._over = threading.Event()
        self.acknowledged = []
        self._threads = [threading.Thread(target=self._label, args=(one,)) for one in self._people]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, labels):
        while len(self.acknowledged) < labels and any(thread.is_alive() for thread in self._threads):
            self._over.wait(0.02)

    def _label(self, person):
        try:
            while not self._over.is_set() and (given := queue.claim_next(project=person.project, by=person)):
                self.acknowledged.append(factories.submit(person, given).label.pk)
        finally:
            connection.close()


def restored(folder, database, data):
    """`manage.py restore` into this database and this data folder."""
    environment = os.environ | {"DATABASE_URL": database, "DATA_DIR": str(data)}
    command = [sys.executable, "manage.py", "restore", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def labels_in(database):
    with psycopg.connect(database) as server:
        return {pk for (pk,) in server.execute("SELECT id FROM annotation_label")}


def flipped(path, byte):
    whole = path.read_bytes()
    path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 1]) + whole[byte + 1 :])
    return whole


@pytest.mark.figure("A15", "backup while 4 people label, then restore", "all acknowledged before it; invariants hold")
def test_a_backup_under_load_comes_back_whole(prove, project, dana, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    snapshots.request_snapshot(project=project, by=dana, view="raw")
    work_off(JobKind.EXPORT, exports)
    factories.queued(project, prove.count(short=400, full=MOST_LABELS))
    with Load(project) as load:
        load.wait_for(prove.count(short=40, full=400))
        before = set(load.acknowledged)
        made = backup.make(out=tmp_path / "backup")
        after = len(load.acknowledged)

    with empty_database() as database:
        done = restored(made.folder, database, tmp_path / "new")
        assert done.returncode == 0, done.stderr
        there = labels_in(database)

    lost = before - there
    prove.measured(
        f"{len(lost)} of {len(before)} lost; {after - len(before)} more were given meanwhile, "
        f"{len(there - before)} of them are in it; {done.stdout.splitlines()[-1]}"
    )
    assert before
    assert after > len(before), "nobody labeled while it was taken"
    assert lost == set()
    assert there <= set(load.acknowledged)
    assert done.stdout.splitlines()[-1].endswith("invariants hold.")

    # The same count sees what is not there: labels of after the backup's moment. And one flipped bit is told as that.
    missing = len(set(load.acknowledged) - there)
    refused = [refused_with_a_flipped_bit(made.folder, *one, tmp_path / "newer") for one in bits(prove, made.folder)]
    prove.control(
        f"counted against all that was ever acknowledged: {missing} missing; one flipped bit in manifest, seal or dump: "
        f"{refused.count(True)} of {len(refused)} restores refused as changed, nothing written"
    )
    assert missing > 0
    assert all(refused)


def bits(prove, folder):
    """In the manifest, of which one bit leaves sound JSON as a rule; in its seal; in the dump."""
    luck, manifest = prove.luck(), (folder / "manifest.json").read_text()
    digits = [place for place, letter in enumerate(manifest) if letter.isdigit()]
    places = luck.sample(digits, prove.count(short=2, full=20))
    return [*(("manifest.json", place) for place in places), ("manifest.json.sha256", 9), ("database.dump", 1000)]


def refused_with_a_flipped_bit(folder, name, byte, data):
    whole = flipped(folder / name, byte)
    try:
        with empty_database() as database:
            done = restored(folder, database, data)
            with psycopg.connect(database) as server:
                [(tables,)] = server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchall()
    finally:
        (folder / name).write_bytes(whole)
    return done.returncode == 1 and "was changed" in done.stderr and tables == 0 and not data.exists()
