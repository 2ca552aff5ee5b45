"""What stays of a round that is over, also where the worker died over it (rows H7 and H9)."""

import gzip

import pytest

from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round
from workers import leftovers

LARGE = ["pool-1.jsonl", "scores-1.jsonl", "sample.jsonl", "earlier.jsonl", "train.rounds"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(project, settings, tmp_path):
    """folder(round_): its files as a worker leaves them."""
    settings.DATA_DIR = tmp_path

    def filled(round_):
        path = leftovers.folder_of(round_)
        (path / "checkpoint").mkdir(parents=True)
        for name in [*LARGE, "train.jsonl", "config.json", "checkpoint/meta.json"]:
            (path / name).write_text(f"what {name} says\n")
        return path

    return filled


def names(path):
    return {one.name for one in path.iterdir()}


def test_h7_of_a_round_that_made_a_model_its_labels_stay_and_are_the_same_bytes(project, folder):
    round_ = finished_round(project, metrics=METRICS).selector.round
    path = folder(round_)
    written = (path / "train.jsonl").read_bytes()

    leftovers.tidy(round_)

    assert names(path) == {"checkpoint", "config.json", "train.jsonl.gz"}
    packed = (path / "train.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == written
    assert packed[3:8] == bytes(5)  # no name and no time: the same bytes for the same labels


def test_of_a_round_without_a_model_neither_labels_nor_checkpoint_stay(project, folder):
    round_ = finished_round(project)
    path = folder(round_)

    leftovers.tidy(round_)

    assert names(path) == {"config.json"}


def test_h9_a_worker_that_dies_while_it_tidies_up_is_found_again(project, folder, monkeypatch):
    """Whichever file it dies at, the next one removes the rest, and the labels of the model are not lost."""
    round_ = finished_round(project, metrics=METRICS).selector.round
    path = folder(round_)
    unlink = type(path).unlink
    for place in range(len(LARGE) + 1):
        done = []

        def die(one, done=done, place=place, **options):
            if len(done) == place:
                raise KeyboardInterrupt
            done.append(one)
            unlink(one, **options)

        folder_again(path)
        with monkeypatch.context() as context:
            context.setattr(type(path), "unlink", die)
            with pytest.raises(KeyboardInterrupt):
                leftovers.tidy(round_)

        leftovers.tidy_all(project)
        assert names(path) == {"checkpoint", "config.json", "train.jsonl.gz"}


def folder_again(path):
    for name in [*LARGE, "train.jsonl"]:
        (path / name).write_text(f"what {name} says\n")


def test_the_files_of_a_running_round_are_left_alone(project, folder):
    round_, _ = factories.running_round(project)
    path = folder(round_)

    leftovers.tidy_all(project)

    assert names(path) >= {*LARGE, "train.jsonl"}
