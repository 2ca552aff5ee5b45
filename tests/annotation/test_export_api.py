"""M6, M9 by the API: ask for a dataset, watch it, load its files, have it made again, cancel it."""

import json
import subprocess
import sys

import pytest

from annotation.models import Snapshot
from annotation.models.jobs import JobKind
from annotation.services import jobs
from tests import factories
from workers import exports
from workers.duty import work_off

pytestmark = pytest.mark.django_db(transaction=True)
DATASETS = "/api/v1/projects/algebra/datasets"


@pytest.fixture
def lead(dana, client_for, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return client_for(dana)


def post(client, url, body=None):
    return client.post(url, json.dumps(body or {}), content_type="application/json")


def content(answer):
    return b"".join(answer.streaming_content)


def test_a_dataset_is_asked_for_watched_and_loaded(lead, alice, tmp_path):
    factories.queued(alice.project)
    factories.label(alice)

    asked = post(lead, DATASETS, {"view": "raw", "format": "trl", "neutral": "positive"})
    assert (asked.status_code, asked.json()["job"]["state"], asked.json()["files"]) == (202, "queued", [])
    work_off(JobKind.EXPORT, exports)

    made = lead.get(f"{DATASETS}/{asked.json()['id']}").json()
    assert (made["job"]["state"], made["labels"], made["excluded"]) == ("done", 1, {})
    names = {file["name"]: file for file in made["files"]}
    assert set(names) == {"train.jsonl", "README.md"}
    file = lead.get(f"{DATASETS}/{made['id']}/files/train.jsonl")
    assert json.loads(content(file))["labels"] == [True, True, True]
    rest = lead.get(f"{DATASETS}/{made['id']}/files/train.jsonl", headers={"range": "bytes=10-"})
    assert (rest.status_code, len(content(rest))) == (206, names["train.jsonl"]["bytes"] - 10)
    assert lead.get(f"{DATASETS}/{made['id']}/files/contents.jsonl.gz").status_code == 404
    assert [one["id"] for one in lead.get(DATASETS).json()] == [made["id"]]


def test_m9_a_dataset_is_made_again(lead, alice):
    factories.queued(alice.project)
    factories.label(alice)
    first = post(lead, DATASETS, {"view": "training", "gzip": True}).json()
    unfinished = post(lead, f"{DATASETS}/{first['id']}/repeat")
    work_off(JobKind.EXPORT, exports)

    again = post(lead, f"{DATASETS}/{first['id']}/repeat")
    work_off(JobKind.EXPORT, exports)

    assert (unfinished.status_code, unfinished.json()["code"]) == (409, "not_finished")
    assert (again.status_code, again.json()["repeats"]) == (202, first["id"])
    hashes = {lead.get(f"{DATASETS}/{one['id']}").json()["sha256"] for one in (first, again.json())}
    assert len(hashes) == 1
    assert hashes != {""}


def test_a_dataset_that_is_being_made_can_be_cancelled_and_one_that_is_over_cannot(lead, alice):
    asked = post(lead, DATASETS, {"view": "raw"}).json()

    cancelled = post(lead, f"{DATASETS}/{asked['id']}/cancel")
    too_late = post(lead, f"{DATASETS}/{asked['id']}/cancel")

    assert (cancelled.status_code, cancelled.json()["job"]["state"]) == (200, "cancelled")
    assert (too_late.status_code, too_late.json()["code"]) == (409, "not_cancellable")
    assert jobs.claim_job(kind=JobKind.EXPORT, worker="test") is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid"),
        ({"view": "pretty"}, "invalid"),
        ({"view": "raw", "format": "csv"}, "invalid"),
        ({"view": "raw", "format": "trl"}, "neutral_undecided"),
        ({"view": "raw", "neutral": "negative"}, "neutral_kept"),
        ({"view": "raw", "format": "parquet", "gzip": True}, "packed_already"),
        ({"view": "raw", "format": "scored_samples"}, "nothing_scored"),
    ],
)
def test_what_cannot_be_made_is_refused_before_a_worker_begins(body, code, lead):
    answer = post(lead, DATASETS, body)

    assert answer.status_code == (409 if code == "nothing_scored" else 400)
    assert answer.json()["code"] == code
    assert not Snapshot.objects.exists()


def test_publishing_without_a_token_or_under_no_name_is_refused(lead, dana, project, settings):
    snapshot = factories.finished_dataset(project, dana)

    without = post(lead, f"{DATASETS}/{snapshot.pk}/publish", {"repo": "us/labels"})
    settings.HF_TOKEN = "hf_secret"
    nameless = post(lead, f"{DATASETS}/{snapshot.pk}/publish", {"repo": "../labels"})
    taken = post(lead, f"{DATASETS}/{snapshot.pk}/publish", {"repo": "us/labels"})

    assert (without.status_code, without.json()["code"]) == (409, "no_hub_token")
    assert (nameless.status_code, nameless.json()["code"]) == (400, "not_a_repository")
    assert taken.status_code == 202
    assert [one["repo"] for one in taken.json()["published"]] == ["us/labels"]
    assert b"hf_secret" not in taken.content


def test_asking_answers_at_once_however_many_labels_there_are(lead, alice, django_assert_max_num_queries):
    """Nothing of the export is done in the request: what it costs does not hang on the labels."""
    factories.queued(alice.project, 3)
    for _ in range(3):
        factories.label(alice)

    with django_assert_max_num_queries(25) as asked:
        post(lead, DATASETS, {"view": "raw"})

    assert not any("steprating" in query["sql"] for query in asked.captured_queries)


def test_the_web_loads_neither_pyarrow_nor_the_client_of_the_hub():
    program = (
        "import sys, django; django.setup(); import labeling_ui.urls; "
        "print([name for name in ('pyarrow', 'huggingface_hub', 'datasets', 'torch') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
