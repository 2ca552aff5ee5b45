"""Datasets on their page: asked for, watched, loaded, made again, cancelled, published."""

import hashlib
from datetime import UTC, datetime

import pytest
from django.conf import settings

from annotation.models import AuditEvent, Job, Publication, Snapshot
from annotation.models.jobs import JobKind
from annotation.services import export_hub, jobs, publishing, snapshots
from tests import factories
from workers import exports
from workers.duty import work_off


@pytest.fixture
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.mark.parametrize("view", ["raw", "training"])
def test_asking_for_a_dataset_writes_down_who_wants_which(view, dana, client_for):
    page = client_for(dana).post("/p/algebra/datasets/", {"view": view}, follow=True)

    snapshot = Snapshot.objects.get()
    assert (snapshot.view, snapshot.job.kind, snapshot.job.started_by) == (view, "export", dana)
    assert AuditEvent.objects.get(action="request dataset").actor == dana
    assert page.redirect_chain == [("/p/algebra/datasets/", 302)]
    assert "The dataset is being made" in page.content.decode()
    assert 'data-live="/p/algebra/datasets/list/"' in page.content.decode()


@pytest.mark.parametrize("body", [{}, {"view": "everything"}])
def test_a_dataset_of_no_known_view_is_not_made(body, dana, client_for):
    page = client_for(dana).post("/p/algebra/datasets/", body)

    assert page.status_code == 400
    assert "errorlist" in page.content.decode()
    assert not Snapshot.objects.exists()


def test_a_finished_dataset_shows_its_files_and_is_not_asked_for_again(dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)

    page = client_for(dana).get("/p/algebra/datasets/").content.decode()

    assert f'href="/p/algebra/datasets/{snapshot.pk}/phase2_train.jsonl"' in page
    assert f'href="/p/algebra/datasets/{snapshot.pk}/manifest.json"' in page
    assert "1 label by 2 labelers. Left out: 3 gave up." in page
    assert hashlib.sha256(b'{"a": 1}\n').hexdigest() in page
    size = (data_dir / snapshot.folder / "manifest.json").stat().st_size
    assert f'<td class="number nowrap">{size}\xa0bytes</td><td><code class="hash">{snapshot.sha256}' in page
    assert "not_listed" not in page
    assert "data-live=" not in page


def test_a_failed_dataset_says_why(dana, project, client_for):
    snapshots.request_snapshot(project=project, by=dana, view="raw")
    snapshots.fail(job=jobs.claim_job(kind=JobKind.EXPORT, worker="test"), error="No space <left>")

    page = client_for(dana).get("/p/algebra/datasets/").content.decode()

    assert "It could not be made" in page
    assert "No space &lt;left&gt;" in page
    assert "data-live=" not in page


def test_the_list_asks_as_many_questions_for_three_datasets_as_for_none(
    dana, project, client_for, django_assert_num_queries, data_dir
):
    for _ in range(3):
        factories.finished_dataset(project, dana)
    client = client_for(dana)

    # session · user · membership with project · datasets with job and person · where they were published
    with django_assert_num_queries(5):
        client.get("/p/algebra/datasets/list/")


ASKED = {"view": "raw", "format": "trl", "neutral": "positive", "gzip": "on"}


def test_m6_the_page_takes_a_format_and_what_neutral_steps_are_there(dana, client_for):
    page = client_for(dana).post("/p/algebra/datasets/", ASKED, follow=True).content.decode()

    snapshot = Snapshot.objects.get()
    assert (snapshot.format, snapshot.neutral, snapshot.gzip) == ("trl", "positive", True)
    assert "neutral is good" in page
    assert "TRL stepwise supervision" in page


def test_m5_a_format_of_good_and_bad_without_an_answer_for_neutral_steps_is_refused_in_words(dana, client_for):
    page = client_for(dana).post("/p/algebra/datasets/", ASKED | {"neutral": "keep"})

    assert page.status_code == 400
    assert "Say what a neutral step is to be there" in page.content.decode()
    assert not Snapshot.objects.exists()


def test_m5_what_is_answered_for_other_formats_does_not_matter_where_neutral_is_kept(dana, client_for):
    client_for(dana).post("/p/algebra/datasets/", ASKED | {"format": "prm800k"})

    assert Snapshot.objects.get().neutral == "keep"


def test_a_dataset_that_is_being_made_shows_how_far_it_is_and_can_be_stopped(dana, project, client_for):
    snapshot = snapshots.request_snapshot(project=project, by=dana, view="raw")
    job = jobs.claim_job(kind=JobKind.EXPORT, worker="test")
    jobs.heartbeat(job=job, progress=jobs.Progress("write files", 1500, 6000))
    client = client_for(dana)

    assert "1,500 of 6,000" in client.get("/p/algebra/datasets/").content.decode()
    page = client.post(f"/p/algebra/datasets/{snapshot.pk}/cancel/", follow=True).content.decode()

    assert f"Dataset {snapshot.pk} was asked to stop." in page
    assert "Do not make it" not in page
    assert Job.objects.get(pk=job.pk).cancel_requested


def test_a_dataset_that_no_worker_has_is_stopped_at_once(dana, project, client_for, data_dir):
    snapshot = snapshots.request_snapshot(project=project, by=dana, view="raw")

    page = client_for(dana).post(f"/p/algebra/datasets/{snapshot.pk}/cancel/", follow=True).content.decode()

    assert f"Dataset {snapshot.pk} is not being made any more." in page


def test_a_dataset_that_is_complete_cannot_be_cancelled(dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)

    page = client_for(dana).post(f"/p/algebra/datasets/{snapshot.pk}/cancel/", follow=True).content.decode()

    assert "This has ended already." in page


@pytest.mark.django_db(transaction=True)
def test_m9_a_dataset_is_made_again_from_its_page(alice, dana, client_for, data_dir):
    factories.queued(alice.project)
    factories.label(alice)
    snapshot = snapshots.request_snapshot(project=alice.project, by=dana, view="raw")
    work_off(JobKind.EXPORT, exports)
    client = client_for(dana)

    client.post(f"/p/algebra/datasets/{snapshot.pk}/again/")
    work_off(JobKind.EXPORT, exports)

    page = client.get("/p/algebra/datasets/").content.decode()
    assert f"dataset {snapshot.pk} made again" in page
    first, second = Snapshot.objects.order_by("pk")
    assert first.sha256 == second.sha256 != ""
    assert second.repeats == first


def test_m9_a_dataset_from_before_there_were_lists_is_not_offered_again(dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)
    client = client_for(dana)

    assert "Make it again" not in client.get("/p/algebra/datasets/").content.decode()
    page = client.post(f"/p/algebra/datasets/{snapshot.pk}/again/", follow=True).content.decode()

    assert "older than the lists" in page
    assert Snapshot.objects.count() == 1


def test_publishing_is_offered_only_where_there_is_a_token(dana, project, client_for, data_dir, settings):
    snapshot = factories.finished_dataset(project, dana)
    client, url = client_for(dana), f"/p/algebra/datasets/{snapshot.pk}/publish/"

    assert "Publish" not in client.get("/p/algebra/datasets/").content.decode()
    assert "sets HF_TOKEN" in client.post(url, {"repo": "us/labels"}, follow=True).content.decode()
    settings.HF_TOKEN = "hf_secret"
    assert "Publish …" in client.get("/p/algebra/datasets/").content.decode()
    for repo in ("", "labels", "a/b/c", "us/la bels"):
        assert "owner/name" in client.post(url, {"repo": repo}, follow=True).content.decode()
    assert not Publication.objects.exists()

    page = client.post(url, {"repo": "us/labels"}, follow=True).content.decode()

    assert "On its way to us/labels." in page
    assert AuditEvent.objects.get(action="publish dataset").details["repo"] == "us/labels"
    assert "hf_secret" not in page


def test_a_publication_that_failed_says_why(dana, project, client_for, data_dir, settings):
    settings.HF_TOKEN = "hf_secret"
    snapshot = factories.finished_dataset(project, dana)
    publishing.request_publication(snapshot=snapshot, repo="us/labels", by=dana)
    job = jobs.claim_job(kind=JobKind.EXPORT, worker="test")
    exports.fail(job, str(export_hub.HubRefused("The Hub does not let this token write to us/labels.")))

    page = client_for(dana).get("/p/algebra/datasets/").content.decode()

    assert "It was not published as us/labels: The Hub does not let this token write to us/labels." in page
    assert "data-live=" not in page


def test_m3_a_download_that_broke_goes_on_where_it_was(dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)
    url = f"/p/algebra/datasets/{snapshot.pk}/phase2_train.jsonl"
    client = client_for(dana)

    rest = client.get(url, headers={"range": "bytes=4-"})
    beyond = client.get(url, headers={"range": "bytes=9-"})
    odd = client.get(url, headers={"range": "bytes=-3"})

    assert (rest.status_code, rest["Content-Range"], rest["Content-Length"]) == (206, "bytes 4-8/9", "5")
    assert b"".join(rest.streaming_content) == b'{"a": 1}\n'[4:]
    assert (beyond.status_code, beyond["Content-Range"]) == (416, "bytes */9")
    assert (odd.status_code, b"".join(odd.streaming_content)) == (200, b'{"a": 1}\n')


@pytest.mark.parametrize(
    ("name", "content_type"), [("phase2_train.jsonl", "application/x-ndjson"), ("manifest.json", "application/json")]
)
def test_files_come_whole_and_only_to_be_saved(name, content_type, dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)

    answer = client_for(dana).get(f"/p/algebra/datasets/{snapshot.pk}/{name}")

    assert b"".join(answer.streaming_content) == (data_dir / snapshot.folder / name).read_bytes()
    assert answer["Content-Type"] == content_type
    assert answer["Content-Disposition"] == f'attachment; filename="algebra-dataset-{snapshot.pk}-{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "; sandbox" in answer["Content-Security-Policy"]


def test_a_packed_file_is_called_packed_and_is_not_unpacked_on_the_way(dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)
    (data_dir / snapshot.folder / "phase2_train.jsonl.gz").write_bytes(b"packed")
    file = {"name": "phase2_train.jsonl.gz", "bytes": 6, "lines": 1, "sha256": "b" * 64}
    Snapshot.objects.filter(pk=snapshot.pk).update(manifest={"files": [file]})

    answer = client_for(dana).get(f"/p/algebra/datasets/{snapshot.pk}/phase2_train.jsonl.gz")

    assert b"".join(answer.streaming_content) == b"packed"
    assert answer["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in answer


@pytest.mark.parametrize("name", ["not_listed.jsonl", "..", ".", "phase2_train.jsonl%00", "%2e%2e%2fmanifest.json"])
def test_a_file_that_the_manifest_does_not_name_is_not_there(name, dana, project, client_for, data_dir):
    snapshot = factories.finished_dataset(project, dana)

    assert client_for(dana).get(f"/p/algebra/datasets/{snapshot.pk}/{name}").status_code in (400, 404)


def test_files_of_another_project_of_an_unfinished_dataset_or_gone_from_the_disk_are_not_there(
    dana, project, charlie, client_for, data_dir
):
    client = client_for(dana)
    theirs = factories.finished_dataset(charlie.project, charlie.user)
    unfinished = snapshots.request_snapshot(project=project, by=dana, view="raw")
    (data_dir / unfinished.folder).mkdir(parents=True)
    (data_dir / unfinished.folder / "manifest.json").write_text("{}")  # on the disk, not yet in the database
    gone = finished_dataset_without_files(project, dana)

    for pk in (theirs.pk, unfinished.pk, gone.pk, 10**30):
        assert client.get(f"/p/algebra/datasets/{pk}/manifest.json").status_code == 404


def finished_dataset_without_files(project, by):
    Job.objects.filter(kind=JobKind.EXPORT, state="queued").update(state="cancelled", finished_at=datetime.now(UTC))
    snapshot = factories.finished_dataset(project, by)
    (settings.DATA_DIR / snapshot.folder / "manifest.json").unlink()
    return snapshot
