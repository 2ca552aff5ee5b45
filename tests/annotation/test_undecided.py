"""Labels that train though their labelers disagree: told before a dataset is made, in its manifest and on its card."""

import json
from dataclasses import asdict

import pytest

from annotation.models.snapshots import View
from annotation.queries.undecided import Undecided, undecided
from annotation.services import adjudication, exporting, quality
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed(alice, bob):
    factories.queued(alice.project, 1)
    factories.label(alice, (1, -1))  # nobody disagrees with it
    return factories.disagreement(alice, bob)


def test_both_labels_of_a_disagreement_count_until_somebody_has_decided(project, disputed):
    assert undecided(project) == Undecided(labels=2, solutions=1)

    rita = factories.member(project, "reviewer", "rita")
    judge = {"project": project, "solution": disputed.pk, "judgement": factories.judgement((1, -1)), "by": rita}
    adjudication.judge_blind(**judge)
    assert undecided(project) == Undecided(labels=2, solutions=1)
    adjudication.decide(**judge)

    assert undecided(project) == Undecided(labels=0, solutions=0)


def test_where_one_of_two_labels_does_not_train_nothing_is_in_dispute(project, bob, dana, disputed):
    since = bob.label_set.get().created_at
    quality.exclude(labeler=bob, since=since, reason="Guesses.", by=dana)

    assert undecided(project) == Undecided(labels=0, solutions=0)


def test_a_page_looks_at_so_many_and_says_that_there_are_more(project, alice, bob, disputed):
    factories.disagreement(alice, bob)

    assert undecided(project, most=1) == Undecided(labels=2, solutions=1, is_all=False)
    assert undecided(project, most=2) == Undecided(labels=4, solutions=2)


@pytest.mark.django_db(transaction=True)
def test_a_dataset_for_training_says_how_much_of_it_is_in_dispute_and_says_the_same_again(project, disputed, tmp_path):
    first, again, raw = (tmp_path / name for name in ("first", "again", "raw"))
    exporting.export_labels(project=project, view=View.TRAINING, out_dir=first)
    exporting.export_labels(project=project, view=View.RAW, out_dir=raw)

    told = json.loads((first / "manifest.json").read_text())
    assert told["undecided"] == {"labels": 2, "solutions": 1}
    assert "2 labels of 1 solutions whose labelers disagree and nobody has decided" in (first / "README.md").read_text()
    assert "undecided" not in json.loads((raw / "manifest.json").read_text())

    rita = factories.member(project, "reviewer", "rita")
    judge = {"project": project, "solution": disputed.pk, "judgement": factories.judgement((1, -1)), "by": rita}
    adjudication.judge_blind(**judge)
    adjudication.decide(**judge)
    made = exporting.repeat_folder(project=project, earlier=first, out_dir=again)
    assert asdict(made)["undecided"] == told["undecided"]
    assert (again / "manifest.json").read_bytes() == (first / "manifest.json").read_bytes()


def test_the_page_says_it_before_the_dataset_is_made(dana, alice, client_for, request):
    client = client_for(dana)
    assert "nobody has decided" not in client.get("/p/algebra/datasets/").content.decode()

    request.getfixturevalue("disputed")

    page = client.get("/p/algebra/datasets/").content.decode()
    assert "it holds 2 labels of 1 solution whose labelers disagree and nobody has decided" in page
