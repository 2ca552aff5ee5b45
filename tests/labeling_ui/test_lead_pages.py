"""What project leads see and may fetch: where the project stands, and its datasets."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from annotation.models import AuditEvent, Job, Label, Slot, Snapshot, StepRating
from annotation.models.jobs import JobKind
from annotation.queries import desk
from annotation.services import exporting, jobs, queue, snapshots
from labeling_ui.charts import bars
from tests import factories

PAGES = ["", "moment/", "datasets/", "datasets/list/", "datasets/1/manifest.json"]


@pytest.fixture
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


def standing(project, today=None):
    now = datetime.combine(today, datetime.min.time(), tzinfo=UTC) if today else timezone.now()
    return desk.standing(project, now=now)


def finished_dataset(project, by, view="training"):
    """As workers/exports.py makes it."""
    snapshot = snapshots.request_snapshot(project=project, by=by, view=view)
    job = jobs.claim_job(kind=JobKind.EXPORT, worker="test")
    folder = settings.DATA_DIR / snapshot.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    lines = b'{"a": 1}\n'
    digest = hashlib.sha256(lines).hexdigest()
    folder.mkdir()
    (folder / "phase2_train.jsonl").write_bytes(lines)
    (folder / "not_listed.jsonl").write_text("secret")
    file = exporting.ExportedFile("phase2_train.jsonl", digest, len(lines), 1, {}, {})
    manifest = {"files": [vars(file)], "excluded": {"gave up": 3}, "labelers": 2}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return snapshots.publish(snapshot=snapshot, job=job, manifest=manifest, sha256="a" * 64)


# Who may see them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_the_lead_are_refused_to_others_and_are_not_there_for_strangers(
    page, alice, mel, dana, charlie, client_for, data_dir
):
    pk = finished_dataset(alice.project, dana).pk
    url = f"/p/algebra/{page}".replace("datasets/1/", f"datasets/{pk}/")

    allowed = client_for(dana).get(url)
    assert allowed.getvalue()  # read to its end, which closes what is a file
    assert allowed.status_code == 200
    assert client_for(alice.user).get(url).status_code == 403
    assert client_for(mel).get(url).status_code == 403
    assert client_for(charlie.user).get(url).status_code == 404
    assert client_for(dana).get(url.replace("algebra", "nowhere")).status_code == 404
    assert Client().get(url)["Location"] == f"/accounts/sign-in/?next={url}"


def test_only_the_lead_can_ask_for_a_dataset(alice, mel, charlie, client_for):
    answers = [client_for(user).post("/p/algebra/datasets/", {"view": "raw"}) for user in (alice.user, mel)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert client_for(charlie.user).post("/p/algebra/datasets/", {"view": "raw"}).status_code == 404
    assert not Snapshot.objects.exists()


def test_everybody_finds_from_the_instructions_to_the_pages_they_may_see_and_no_others(project, dana, mel, client_for):
    rita = factories.member(project, "reviewer", "rita")
    places = ["/p/algebra/", "/p/algebra/datasets/", "/p/algebra/rounds/"]

    def linked(user):
        page = client_for(user).get("/p/algebra/instructions/").content.decode()
        return [place for place in places if f'href="{place}"' in page]

    assert linked(dana) == places
    assert linked(mel) == ["/p/algebra/rounds/"]
    assert linked(rita) == []


# Where it stands ----------------------------------------------------------------------------------------------------


def test_shares_and_counts_of_a_round_are_those_of_its_labels(project, alice, bob):
    factories.queued(project, 7, grade="wrong")
    factories.label(alice, (1, 0, -1))
    factories.label(alice, (1, -1))
    factories.label(bob, (1, 1, 1))
    factories.queued(
        project, 2, grade="correct"
    )  # replaces the one that waits; alice and bob keep what they hold, and alice the one set aside
    factories.label(bob, (1, 1, 0))
    factories.label(bob, (1, 1), finish_reason="give_up", reason="Too long.")

    newest, first = standing(project).rounds

    assert (first.number, first.queued, first.labelled, first.remaining, first.replaced) == (0, 7, 4, 2, 1)
    assert first.balance.wrong_answer_share == 1
    assert first.balance.found_error_share == 2 / 4
    assert first.balance.good_step_share == 9 / 11
    assert (newest.number, newest.queued, newest.labelled, newest.remaining, newest.replaced) == (1, 2, 1, 1, 0)
    assert (newest.balance.wrong_answer_share, newest.balance.found_error_share) == (0, 0)
    assert newest.balance.good_step_share == 1


def test_totals_count_this_project_only(project, alice, charlie):
    factories.queued(project, 2)
    factories.problem(project, split="test")
    factories.label(alice, (1, -1))
    factories.queued(charlie.project, 5)
    for _ in range(3):
        factories.label(charlie)

    found = standing(project)

    assert (found.problems, found.held_out_problems, found.solutions, found.wrong_solutions) == (3, 1, 2, 2)
    assert (found.total.labels, found.total.rated_steps, found.total.good_steps) == (1, 2, 1)
    assert (found.moment.waiting, found.moment.leased, found.moment.labels_today) == (0, 1, 1)
    assert found.days[-1][1] == 1
    assert len(found.rounds) == 1


def test_imported_labels_stand_apart_and_are_no_day_of_work(project, alice):
    solution = factories.solution(project, grade="correct")
    label = Label.objects.create(
        id=uuid4(),
        project=project,
        solution=solution,
        labeler=alice,
        origin="import",
        phase=2,
        finish_reason="solution",
        total_time_ms=1,
        payload_hash=bytes(32),
    )
    StepRating.objects.create(label=label, step=0, rating=0)
    StepRating.objects.create(label=label, step=1, rating=None)

    found = standing(project)

    assert found.imported == found.total == desk.Balance(labels=1, rated_steps=1, good_steps=1)
    assert found.most_in_a_day == 0
    assert found.moment.labels_today == 0


def test_a_corrected_label_is_counted_once_with_its_newest_ratings(project, alice):
    factories.queued(project)
    first = factories.label(alice, (1, -1))
    second = Label.objects.create(
        **{field: getattr(first, field) for field in ("project", "slot", "solution", "labeler", "phase")},
        id=uuid4(),
        supersedes=first,
        finish_reason="solution",
        total_time_ms=1,
        payload_hash=bytes(32),
    )
    StepRating.objects.create(label=second, step=0, rating=1)

    found = standing(project)

    assert found.total == desk.Balance(labels=1, wrong_answers=1, found_errors=0, rated_steps=1, good_steps=1)
    assert found.most_in_a_day == 1


def test_labels_for_quality_control_do_not_count(project, alice):
    factories.queued(project, arm="gold")
    factories.label(alice)

    assert standing(project).total == desk.Balance()


def test_days_end_today_and_are_days_of_universal_time(project, alice):
    factories.queued(project)
    given = factories.label(alice).created_at

    days = standing(project, today=given.astimezone(UTC).date()).days

    assert len(days) == desk.DAYS
    assert days[-1] == (given.astimezone(UTC).date(), 1)
    assert days[0] == (given.astimezone(UTC).date() - timedelta(days=desk.DAYS - 1), 0)
    assert standing(project, today=date(2020, 1, 1)).most_in_a_day == 0


@pytest.mark.parametrize("rounds", [1, 3])
def test_the_page_asks_as_many_questions_for_three_rounds_as_for_one(
    rounds, dana, alice, client_for, django_assert_num_queries
):
    for _ in range(rounds):
        factories.queued(alice.project, 2)
        factories.label(alice)
    client = client_for(dana)

    # session · user · membership with project · labels and steps by round · waiting · leased · today · running round
    # · problems · solutions · slots by round · rounds · days
    with django_assert_num_queries(14):
        page = client.get("/p/algebra/")

    assert f"Round {rounds - 1}</a>" in page.content.decode()


def test_what_is_asked_every_two_seconds_asks_little(dana, client_for, django_assert_num_queries):
    client = client_for(dana)

    # session · user · membership with project · waiting · leased · labels today · running round
    with django_assert_num_queries(7):
        part = client.get("/p/algebra/moment/")

    assert 'data-live="/p/algebra/moment/"' in part.content.decode()
    assert "<html" not in part.content.decode()


def test_the_page_shows_the_running_round(dana, client_for):
    factories.running_round(factories.solution(dana.membership_set.get().project).project)

    page = client_for(dana).get("/p/algebra/").content.decode()

    assert '<a href="/p/algebra/rounds/0/">Round 0</a>' in page
    assert "is running" in page
    assert "The queue has never been filled" in page


def test_a_new_project_is_told_how_to_begin(dana, client_for):
    page = client_for(dana).get("/p/algebra/").content.decode()

    assert "There is nothing to label yet" in page
    assert "import_problems --project algebra" in page


def test_bars_are_as_high_as_their_share_of_the_highest_and_never_invisible():
    days = [(date(2026, 1, day), labels) for day, labels in enumerate([0, 1, 32, 64, 1000], start=1)]

    drawn = bars(days)

    assert [(bar.x, bar.y, bar.height) for bar in drawn] == [
        (0, 64, 0),
        (10, 62, 2),
        (20, 62, 2),
        (30, 60, 4),
        (40, 0, 64),
    ]
    assert [bar.height for bar in bars([(date(2026, 1, 1), 0)])] == [0]


# Datasets -----------------------------------------------------------------------------------------------------------


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
    snapshot = finished_dataset(project, dana)

    page = client_for(dana).get("/p/algebra/datasets/").content.decode()

    assert f'href="/p/algebra/datasets/{snapshot.pk}/phase2_train.jsonl"' in page
    assert f'href="/p/algebra/datasets/{snapshot.pk}/manifest.json"' in page
    assert "1 label by 2 labelers. Left out: 3 gave up." in page
    assert hashlib.sha256(b'{"a": 1}\n').hexdigest() in page
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
        finished_dataset(project, dana)
    client = client_for(dana)

    # session · user · membership with project · datasets with job and person
    with django_assert_num_queries(4):
        client.get("/p/algebra/datasets/list/")


@pytest.mark.parametrize(
    ("name", "content_type"), [("phase2_train.jsonl", "application/x-ndjson"), ("manifest.json", "application/json")]
)
def test_files_come_whole_and_only_to_be_saved(name, content_type, dana, project, client_for, data_dir):
    snapshot = finished_dataset(project, dana)

    answer = client_for(dana).get(f"/p/algebra/datasets/{snapshot.pk}/{name}")

    assert b"".join(answer.streaming_content) == (data_dir / snapshot.folder / name).read_bytes()
    assert answer["Content-Type"] == content_type
    assert answer["Content-Disposition"] == f'attachment; filename="algebra-dataset-{snapshot.pk}-{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "; sandbox" in answer["Content-Security-Policy"]


def test_a_packed_file_is_called_packed_and_is_not_unpacked_on_the_way(dana, project, client_for, data_dir):
    snapshot = finished_dataset(project, dana)
    (data_dir / snapshot.folder / "phase2_train.jsonl.gz").write_bytes(b"packed")
    file = {"name": "phase2_train.jsonl.gz", "bytes": 6, "lines": 1, "sha256": "b" * 64}
    Snapshot.objects.filter(pk=snapshot.pk).update(manifest={"files": [file]})

    answer = client_for(dana).get(f"/p/algebra/datasets/{snapshot.pk}/phase2_train.jsonl.gz")

    assert b"".join(answer.streaming_content) == b"packed"
    assert answer["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in answer


@pytest.mark.parametrize("name", ["not_listed.jsonl", "..", ".", "phase2_train.jsonl%00", "%2e%2e%2fmanifest.json"])
def test_a_file_that_the_manifest_does_not_name_is_not_there(name, dana, project, client_for, data_dir):
    snapshot = finished_dataset(project, dana)

    assert client_for(dana).get(f"/p/algebra/datasets/{snapshot.pk}/{name}").status_code in (400, 404)


def test_files_of_another_project_of_an_unfinished_dataset_or_gone_from_the_disk_are_not_there(
    dana, project, charlie, client_for, data_dir
):
    client = client_for(dana)
    theirs = finished_dataset(charlie.project, charlie.user)
    unfinished = snapshots.request_snapshot(project=project, by=dana, view="raw")
    (data_dir / unfinished.folder).mkdir(parents=True)
    (data_dir / unfinished.folder / "manifest.json").write_text("{}")  # on the disk, not yet in the database
    gone = finished_dataset_without_files(project, dana)

    for pk in (theirs.pk, unfinished.pk, gone.pk, 10**30):
        assert client.get(f"/p/algebra/datasets/{pk}/manifest.json").status_code == 404


def finished_dataset_without_files(project, by):
    Job.objects.filter(kind=JobKind.EXPORT, state="queued").update(state="cancelled", finished_at=datetime.now(UTC))
    snapshot = finished_dataset(project, by)
    (settings.DATA_DIR / snapshot.folder / "manifest.json").unlink()
    return snapshot


def test_waiting_slots_are_counted_as_the_database_has_them(project, alice):
    factories.queued(project, 3)
    queue.claim_next(project=project, by=alice)

    assert Slot.objects.filter(state="ready").count() == desk.moment(project).waiting == 2
    assert desk.moment(project).leased == 1
