"""What automatic labels go into, asked for on its page: a dataset of their own, and a round's training (rows K4, K8). And
where it is told that they came to nothing (N3)."""

import pytest
from django.utils import timezone

from annotation.models import Job, Round, Snapshot
from annotation.models.jobs import JobKind
from annotation.queries.troubles import PLACES
from annotation.services import rounds
from tests import factories
from tests.annotation.test_consensus import says

pytestmark = pytest.mark.django_db
DATASET = {"view": "training", "format": "math_shepherd", "neutral": "positive"}
ROUND = {"problems": "7", "per_problem": "2"}


@pytest.fixture
def source(project):
    made = factories.automatic_source(project)
    says(made, factories.solution(project), 1, -1, 1)
    Job.objects.filter(pk=made.job_id).update(state="done", finished_at=made.created_at)
    return made


def test_k4_a_dataset_of_a_source_is_asked_for(source, dana, client_for):
    page = client_for(dana).post("/p/algebra/datasets/", DATASET | {"automatic": str(source.pk)}, follow=True)

    assert "The dataset is being made" in page.content.decode()
    assert Snapshot.objects.get().automatic == source


def test_k8_a_round_that_is_to_learn_from_a_source_too_is_started(source, mel, client_for):
    mixed = ROUND | {"automatic_source": str(source.pk), "automatic_ratio": "0.5"}

    page = client_for(mel).post("/p/algebra/rounds/", mixed, follow=True)

    manifest = Round.objects.get().manifest
    assert "Round 0 is started" in page.content.decode()
    assert (manifest["automatic_source"], manifest["automatic_ratio"]) == (source.pk, 0.5)


def test_a_round_by_chance_with_a_source_is_refused_in_a_sentence(source, mel, client_for):
    both = ROUND | {"automatic_source": str(source.pk), "by_chance": "on"}

    page = client_for(mel).post("/p/algebra/rounds/", both, follow=True)

    assert "so it cannot train on automatic labels" in page.content.decode()
    assert not Round.objects.exists()


@pytest.mark.parametrize(
    ("used", "sentence"),
    [
        ({"is_used": False}, "those of completer were asked for, but no selector was trained"),
        ({"is_used": True, "solutions": 4, "left_out": 3, "gold": 2}, "2 left out, for they are gold"),
    ],
)
def test_k8_the_page_of_a_round_says_what_became_of_the_mix(used, sentence, project, source, mel, client_for):
    round_, job = factories.running_round(project, automatic_source=source.pk)
    report = {"labels": 1, "automatic": {"source": "completer", "ratio": 1.0} | used}
    rounds.fill_round(round=round_, job=job, version=None, picks=[], report=report)

    page = client_for(mel).get("/p/algebra/rounds/0/").content.decode()

    assert sentence in page


def test_n3_every_kind_of_job_has_a_page_on_which_it_is_started_anew():
    assert set(PLACES) == set(JobKind)


@pytest.mark.parametrize(("kind", "place"), [("automatic", "automatic"), ("sampling", "samplings")])
def test_n3_failed_automatic_labels_and_samplings_are_told_on_the_desk(kind, place, project, dana, client_for):
    Job.objects.create(project=project, kind=kind, state="failed", error="No space left", finished_at=timezone.now())
    client = client_for(dana)

    page = client.get("/p/algebra/troubles/").content.decode()

    assert client.get("/p/algebra/").status_code == 200
    assert "No space left" in page
    assert f'href="/p/algebra/{place}/"' in page
