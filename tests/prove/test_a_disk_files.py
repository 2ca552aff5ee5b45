"""Table A: a disk that is full under what workers write."""

import json
import shutil
from collections import Counter
from contextlib import contextmanager

import pytest

from active_learning import checkpoint
from annotation.models.snapshots import View
from annotation.services import exporting
from annotation.services.export_files import sha256_of
from tests import factories, tiny_prm
from tests.prove.harness import volume

NO_ROOM = "No space left on device"


@pytest.mark.django_db(transaction=True)
@pytest.mark.figure(
    "A11.1",
    "the disk full at every point of an export and of a checkpoint",
    "refused with the reason, nothing half left; 0 corrupt; the last good ones valid",
)
def test_a_full_disk_leaves_no_half_dataset_and_no_half_checkpoint(prove, project, alice, open_folder, tmp_path):
    factories.queued(project, 100)
    for _ in range(100):
        factories.label(alice)
    model = tiny_prm.make_checkpoint(tmp_path, "full")

    def dataset(folder):
        exporting.export_labels(project=project, view=View.RAW, out_dir=folder)

    def weights(folder):
        tiny_prm.publish(model, folder)

    points = prove.count(short=20, full=100)
    with volume.mounted(open_folder, megabytes=8) as disk:
        datasets = _tried(disk, points, dataset, _is_whole_dataset)
        checkpoints = _tried(disk, points, weights, _is_whole_checkpoint)
        prove.measured(f"datasets: {_told(datasets)}; checkpoints: {_told(checkpoints)}")
        for found in (datasets, checkpoints):
            assert found["refused"] > 0
            assert (found["corrupt"], found["left over"], found["without a reason"], found["last spoiled"]) == (0,) * 4

        with pytest.MonkeyPatch.context() as planted:
            planted.setattr(exporting, "new_folder", _naive)
            planted.setattr(checkpoint, "written_whole", _naive)
            datasets = _tried(disk, points, dataset, _is_whole_dataset)
            checkpoints = _tried(disk, points, weights, _is_whole_checkpoint)
    prove.control(f"written under its name: {datasets['corrupt']} and {checkpoints['corrupt']} of {points} corrupt")
    assert datasets["corrupt"] > 0
    assert checkpoints["corrupt"] > 0


def _tried(disk, points, write, is_whole):
    """What came of writing with ever more room, from none to almost enough, beside one that was written before."""
    found, last, new = Counter(), disk.folder / "last", disk.folder / "new"
    empty = disk.room()
    write(last)
    size = empty - disk.room()
    for point in range(points):
        disk.fill(but=size * point // points)
        try:
            write(new)
        except OSError as error:
            found["refused"] += 1
            found["without a reason"] += NO_ROOM not in str(error)
        disk.free()
        found["corrupt"] += new.exists() and not is_whole(new)
        shutil.rmtree(new, ignore_errors=True)
        found["left over"] += len(set(disk.folder.iterdir()) - {last})
    found["last spoiled"] = not is_whole(last)
    shutil.rmtree(last)
    return found


def _is_whole_dataset(folder):
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return False
    files = [*manifest["files"], manifest["contents"], manifest["card"]]
    return all(sha256_of(folder / one["name"]) == one["sha256"] for one in files)


def _is_whole_checkpoint(folder):
    try:
        checkpoint.verify(folder)
    except (checkpoint.CheckpointError, ValueError):
        return False
    return True


@contextmanager
def _naive(folder):
    folder.mkdir()
    try:
        yield folder
    except Exception as error:
        raise OSError(str(error)) from error


def _told(found):
    return ", ".join(f"{found[name]} {name}" for name in ("refused", "corrupt", "left over"))
