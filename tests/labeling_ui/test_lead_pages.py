"""What project leads see: where the project stands; and that others do not see it."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import Label, Slot, Snapshot, StepRating
from annotation.queries import desk
from annotation.services import queue
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


# Who may see them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_the_lead_are_refused_to_others_and_are_not_there_for_strangers(
    page, alice, mel, dana, charlie, client_for, data_dir
):
    pk = factories.finished_dataset(alice.project, dana).pk
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
    places = ["/p/algebra/", "/p/algebra/datasets/", "/p/algebra/rounds/", "/p/algebra/adjudication/"]

    def linked(user):
        """From the instructions, or from what these lead to."""
        client = client_for(user)
        first = client.get("/p/algebra/instructions/").content.decode()
        navigation = re.search(r'<nav class="site-nav".*?</nav>', first, re.DOTALL)[0]
        pages = [client.get(url).content.decode() for url in re.findall(r'href="(.*?)"', navigation)]
        return [place for place in places if any(f'href="{place}"' in page for page in pages)]

    assert linked(dana) == places
    assert linked(mel) == ["/p/algebra/rounds/"]
    assert linked(rita) == ["/p/algebra/adjudication/"]


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

    stock = found.stock
    assert (stock.problems, stock.held_out_problems, stock.solutions, stock.wrong_solutions) == (3, 1, 2, 2)
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

    # session · user · membership with project · run of tallies · slots by round · problems · solutions · labels added up
    # · waiting · leased · today · running round · rounds · newest labels · waiting · expired leases · labelers
    # · left to nobody · exclusions · disagreements · jobs · bad problems · disputes · unsure · give-ups · which of them are
    # new · withdrawn problems
    with django_assert_num_queries(27):
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
    for address in ("imports", "people", "settings"):
        assert f'href="/p/algebra/{address}/"' in page
    assert "manage.py" not in page


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


def test_waiting_slots_are_counted_as_the_database_has_them(project, alice):
    factories.queued(project, 3)
    queue.claim_next(project=project, by=alice)

    assert Slot.objects.filter(state="ready").count() == desk.moment(project).waiting == 2
    assert desk.moment(project).leased == 1


def test_n4_work_that_is_over_is_called_so(dana, alice, client_for):
    factories.queued(alice.project, 20)
    for _ in range(20):
        factories.label(alice, total_time_ms=360_000, active_ms=360_000)

    page = client_for(dana).get("/p/algebra/").content.decode()

    assert page.count("no work left") == 2
    assert "0.0 to 0.0" not in page
