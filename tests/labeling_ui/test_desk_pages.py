"""N3: one page for each question of a lead: where it stands, who labels how, what is wrong; every table as a file."""

import csv
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pgtrigger
import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import (
    Dispute,
    FlagReview,
    GoldJudgement,
    Job,
    Label,
    Labeler,
    Message,
    Slot,
    StepRating,
)
from annotation.queries import people_figures, reports
from annotation.queries.troubles import troubles
from annotation.services import adjudication, members, queue, tallies
from labeling_ui.settings_form import SettingsForm
from tests import factories

PAGES = ["", "labelers/", "troubles/", "troubles/list/"]


def table(answer):
    """A CSV answer as (header, rows)."""
    header, *rows = csv.reader(b"".join(answer.streaming_content).decode().splitlines())
    return header, rows


def wrong(project):
    """What is wrong, by name."""
    return {one.name: one for one in troubles(project, now=timezone.now())}


# Who may see them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, "labelers/{}/"])
@pytest.mark.parametrize("query", ["", "?csv=rounds"])
def test_n3_pages_of_the_desk_are_for_leads(page, query, alice, mel, dana, charlie, client_for):
    rita = factories.member(alice.project, "reviewer", "rita")
    url = f"/p/algebra/{page}{query}".format(alice.pk)

    answers = [client_for(user).get(url).status_code for user in (dana, alice.user, mel, rita, charlie.user)]

    assert answers == [200, 403, 403, 403, 404]
    assert Client().get(url)["Location"].startswith("/accounts/sign-in/")


def test_n3_a_labeler_of_another_project_is_not_there(dana, charlie, client_for):
    for pk in (charlie.pk, 10**15):
        assert client_for(dana).get(f"/p/algebra/labelers/{pk}/").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["?days=3", "?days=x", "?csv=people", "labelers/?sort=pk", "labelers/?days=-7", "labelers/{}/?days=0"],
)
def test_n3_what_a_page_does_not_offer_is_not_there(address, dana, alice, client_for):
    assert client_for(dana).get(f"/p/algebra/{address}".format(alice.pk)).status_code == 404


# Where it stands ----------------------------------------------------------------------------------------------------


def test_n3_labels_an_hour_are_those_of_active_time(dana, alice, client_for):
    factories.queued(alice.project, 4)
    for _ in range(2):
        factories.label(alice, total_time_ms=100_000, active_ms=90_000)

    answer = client_for(dana).get("/p/algebra/?csv=rounds")

    header, rows = table(answer)
    first = dict(zip(header, rows[0], strict=True))
    assert (first["round"], first["labels"], first["labels_an_hour"]) == ("0", "2", "40.0")
    assert (first["wrong_answer_share"], first["found_error_share"], first["good_step_share"]) == ("1.0", "0.0", "1.0")
    assert answer["Content-Disposition"] == 'attachment; filename="algebra-rounds.csv"'
    assert [row[0] for row in rows] == ["0", "imported", "decided", "all"]


@pytest.mark.parametrize("days", [7, 28, 90])
def test_n3_the_days_shown_are_those_asked_for(days, dana, alice, client_for):
    factories.queued(alice.project, 1)
    factories.label(alice)
    client = client_for(dana)

    page = client.get(f"/p/algebra/?days={days}").content.decode()
    _, rows = table(client.get(f"/p/algebra/?days={days}&csv=days"))

    assert page.count('<rect class="day"') == len(rows) == days
    assert f'<a href="?days={days}#days" aria-current="true">' in page
    assert rows[-1] == [str(datetime.now(UTC).date()), "1"]


def test_n4_the_page_says_what_it_costs_or_what_is_missing(dana, alice, client_for):
    factories.queued(alice.project, 30)
    client = client_for(dana)
    before = client.get("/p/algebra/").content.decode()
    for _ in range(20):
        factories.label(alice, total_time_ms=360_000, active_ms=360_000)
    alice.project.hourly_cost, alice.project.currency = 20, "CHF"
    alice.project.save()
    after = client.get("/p/algebra/").content.decode()
    _, rows = table(client.get("/p/algebra/?csv=difficulty"))

    assert "Set what an hour costs in the settings" in before
    assert "A forecast needs" in before
    assert '<b class="number">20.00 CHF</b>' in after  # ten remain, of a tenth of an hour each
    assert '<b class="number">2.0 h</b>' in after
    assert rows == [
        ["level unknown", "20", "60", "120.0", "120.0", "360.0"],
        ["1–5 steps", "20", "60", "120.0", "120.0", "360.0"],
    ]


def test_n3_a_large_project_says_as_of_when_its_figures_are(dana, alice, client_for, django_assert_num_queries):
    factories.queued(alice.project, 2)
    factories.label(alice)
    tallies.renew(project=alice.project)
    client = client_for(dana)

    # session · user · membership with project · run · tallies · waiting · leased · labels today · running round · rounds
    # · newest labels · waiting · expired leases · labelers · left to nobody · exclusions · disagreements · jobs · bad
    # problems · disputes · unsure · give-ups · which of them are new · withdrawn problems
    with django_assert_num_queries(24):
        page = client.get("/p/algebra/").content.decode()

    assert "This project is large: what is added up below is as of" in page
    assert "This project is large" in client.get("/p/algebra/labelers/").content.decode()


def test_n3_what_is_urgent_is_said_where_the_project_stands(dana, alice, client_for):
    client = client_for(dana)
    assert "The queue is empty" in client.get("/p/algebra/").content.decode()

    factories.queued(alice.project, 2)
    assert 'href="/p/algebra/troubles/">What to do' not in client.get("/p/algebra/").content.decode()


# Who labels how -----------------------------------------------------------------------------------------------------


def test_n3_a_labeler_has_speed_time_agreement_and_known_answers(project, alice, dana, client_for):
    factories.queued(project, 3)
    slow, quick = (factories.label(alice, (1, 1, 1), total_time_ms=ms, active_ms=ms) for ms in (60_000, 30_000))
    gold = factories.gold(project)
    for label, agrees in ((slow, True), (quick, False)):
        GoldJudgement.objects.create(project=project, gold=gold, label=label, labeler=alice, agrees=agrees)

    (row,) = people_figures.people(project, today=datetime.now(UTC).date(), window=7).rows

    assert (row.sums.labels, row.steps_an_hour, row.median_step_ms) == (2, 6 * 3600 / 90, 15_000)
    assert (row.active_ms_today, row.active_ms_week) == (90_000, 90_000)
    assert (row.judged, row.agreed, row.quality) == (2, 1, 0.5)
    assert row.sums.alike_share is None  # nobody else has labeled these
    page = client_for(dana).get("/p/algebra/labelers/").content.decode()
    assert '<td class="number">15.0 s</td>' in page
    assert '50.0\u00a0% <span class="quiet small">1/2</span>' in page


def test_n3_labels_of_known_solutions_are_marked_and_numbers_say_whether_they_count(project, alice, dana, client_for):
    factories.gold(project)
    factories.queued(project, 1)
    for _ in range(2):
        factories.label(alice, (1, -1))
    client = client_for(dana)

    own = client.get(f"/p/algebra/labelers/{alice.pk}/").content.decode()
    standing = client.get("/p/algebra/").content.decode()

    assert own.count('<span class="tag">known solution</span>') == 1
    assert '<b class="number">1</b><span>labels, without known solutions</span>' in own
    assert '<b class="number">2</b><span>labels today (UTC), known solutions too</span>' in standing
    assert '<b class="number">1</b><span>without those of known solutions</span>' in standing


def test_n3_the_table_is_sorted_and_cut_to_days_by_its_address(project, alice, bob, dana, client_for):
    factories.queued(project, 5)
    factories.label(bob)
    for _ in range(2):
        factories.label(alice)
    client = client_for(dana)

    def names(query):
        header, rows = table(client.get(f"/p/algebra/labelers/?csv=1&{query}"))
        return [dict(zip(header, row, strict=True))["labeler"] for row in rows]

    assert names("sort=labels") == names("") == ["alice", "bob"]
    assert names("sort=name&days=0") == ["alice", "bob"]
    assert names("sort=last") == ["alice", "bob"]
    assert all(set(names(f"sort={sort}&days=7")) == {"alice", "bob"} for sort in people_figures.SORTS)
    page = client.get("/p/algebra/labelers/?sort=quality&days=7").content.decode()
    assert '<th scope="col" class="number" aria-sort="ascending"><a href="?days=7&amp;sort=quality">' in page
    assert 'href="?days=7&amp;sort=quality&amp;csv=labelers"' in page


def test_n3_labels_before_the_days_asked_for_do_not_count(project, alice):
    factories.queued(project, 2)
    factories.label(alice, active_ms=500)
    today = datetime.now(UTC).date()

    def labels(day, window):
        (row,) = people_figures.people(project, today=day, window=window).rows
        return (row.sums.labels, row.active_ms_week)

    assert labels(today, 7) == (1, 500)
    assert labels(today + timedelta(days=6), 7) == (1, 500)
    assert labels(today + timedelta(days=7), 7) == (0, 0)
    assert labels(today + timedelta(days=7), 28) == (1, 0)
    assert labels(today + timedelta(days=400), None) == (1, 0)


def test_n3_people_of_imported_files_are_not_in_the_table(project, alice):
    stranger = Labeler.objects.create(project=project)
    Label.objects.create(
        id=uuid4(),
        project=project,
        solution=factories.solution(project),
        labeler=stranger,
        origin="import",
        phase=2,
        finish_reason="solution",
        total_time_ms=1,
        payload_hash=bytes(32),
    )

    rows = people_figures.people(project, today=datetime.now(UTC).date(), window=None).rows

    assert [row.labeler for row in rows] == [alice]


@pytest.mark.parametrize("people", [1, 4])
def test_n3_more_labelers_are_no_more_questions(people, project, dana, client_for, django_assert_num_queries):
    factories.queued(project, 2 * people)
    for _ in range(people):
        factories.label(factories.member(project, "labeler"))
    client = client_for(dana)

    # session · user · membership with project · run · tallies · labelers · medians · known answers
    with django_assert_num_queries(8):
        client.get("/p/algebra/labelers/")


def test_n3_a_labelers_page_shows_days_labels_doubts_and_messages(
    project, alice, dana, client_for, django_assert_num_queries
):
    factories.queued(project, 3)
    label = factories.label(alice, (1, -1), total_time_ms=7_000, active_ms=6_000)
    StepRating.objects.create(label=label, step=1, option=1, text="No.", rating=0, flagged=True)
    Message.objects.create(project=project, author=dana, labeler=alice, text="Well <done>.")
    alice.state, alice.paused_because = "paused", "On holiday"
    alice.save()
    client = client_for(dana)

    # session · user · membership with project · run · tallies · labeler · median · known answers · flags · flagged
    # · labels · three, of what the lead may yet have to judge blind · messages · exclusions
    with django_assert_num_queries(16):
        page = client.get(f"/p/algebra/labelers/{alice.pk}/").content.decode()

    assert "Paused: On holiday" in page
    assert "Well &lt;done&gt;." in page
    assert str(alice.pseudonym) in page
    assert f'href="/p/algebra/solutions/{label.solution_id}/"' in page
    assert "Unsure about" in page
    _, rows = table(client.get(f"/p/algebra/labelers/{alice.pk}/?days=7&csv=days"))
    assert rows[-1] == [str(datetime.now(UTC).date()), "1", "0.002"]


def test_n3_a_labeler_who_has_done_nothing_has_a_page(alice, dana, client_for):
    page = client_for(dana).get(f"/p/algebra/labelers/{alice.pk}/").content.decode()

    assert "Nothing in the last 28 days." in page
    assert "There is none yet." in page


def test_n3_without_labelers_the_page_says_so(dana, client_for):
    assert "Nobody labels in this project yet" in client_for(dana).get("/p/algebra/labelers/").content.decode()


# What is wrong ------------------------------------------------------------------------------------------------------


def test_n3_where_nothing_is_wrong_the_page_says_so(project, dana, client_for):
    assert wrong(project) == {}
    assert "Nothing that needs a lead" in client_for(dana).get("/p/algebra/troubles/").content.decode()


def test_n3_an_empty_queue_is_wrong_as_soon_as_somebody_could_label(project, alice):
    assert wrong(project)["empty_queue"].is_urgent

    factories.queued(project, 1)
    assert "empty_queue" not in wrong(project)
    queue.claim_next(project=project, by=alice)
    assert "empty_queue" in wrong(project)


def test_n3_what_every_labeler_has_labeled_and_still_waits_needs_one_more(project, alice, bob):
    factories.disagreement(alice, bob)
    Slot.objects.filter(state="ready").update(state="void")
    assert "nobody_left" not in wrong(project)

    solution = Label.objects.filter(labeler=bob).get().solution
    round_ = Slot.objects.filter(state="done").first().round
    Slot.objects.create(project=project, solution=solution, round=round_, wave=5, arm="overlap")

    assert (wrong(project)["nobody_left"].count, wrong(project)["nobody_left"].place) == (1, "people")
    factories.member(project, "reviewer", "rita")
    assert "nobody_left" in wrong(project)
    factories.member(project, "labeler", "carol")
    assert "nobody_left" not in wrong(project)


def test_n3_disagreements_wait_until_somebody_begins_to_decide_them(project, alice, bob):
    solution = factories.disagreement(alice, bob)
    found = wrong(project)["undecided"]
    assert (found.count, found.place, found.is_urgent) == (1, "adjudication", False)

    rita = factories.member(project, "reviewer", "rita")
    judgement = factories.judgement((1, -1))
    adjudication.judge_blind(project=project, solution=solution.pk, judgement=judgement, by=rita)

    assert "undecided" not in wrong(project)


def test_n3_paused_labelers_wait_for_a_lead(project, alice):
    Labeler.objects.update(state="paused")

    assert wrong(project)["paused"].count == 1
    assert "empty_queue" not in wrong(project)


def test_n3_a_lease_that_nothing_gives_back_tells_that_the_sweep_does_not_run(project, alice):
    factories.queued(project, 2)
    queue.claim_next(project=project, by=alice)
    Slot.objects.filter(state="leased").update(lease_until=timezone.now() - timedelta(seconds=30))
    assert "expired_leases" not in wrong(project)

    Slot.objects.filter(state="leased").update(lease_until=timezone.now() - timedelta(seconds=90))
    assert wrong(project)["expired_leases"].count == 1


def test_n3_work_that_no_worker_takes_is_urgent_unless_they_are_busy(project):
    factories.queued(project, 1)
    waiting = Job.objects.create(project=project, kind="export")
    assert "waiting_jobs" not in wrong(project)

    Job.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    found = wrong(project)["waiting_jobs"]
    assert (found.is_urgent, found.count, found.detail) == (True, 1, "Export")
    assert "No worker is running" in found.advice

    busy = factories.project()
    soon = timezone.now() + timedelta(seconds=20)
    running = Job.objects.create(project=busy, kind="export", state="running", lease_until=soon)
    assert not wrong(project)["waiting_jobs"].is_urgent
    assert wrong(busy).keys() == set()
    Job.objects.filter(pk=running.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert wrong(busy)["silent_jobs"].detail == "Export"


def test_n3_a_failed_job_says_why_for_a_week(project, dana, client_for):
    factories.queued(project, 1)
    now = timezone.now()
    for days, error in ((8, "long ago"), (2, "first"), (1, "Traceback\nNo space <left>\n")):
        Job.objects.create(
            project=project, kind="export", state="failed", error=error, finished_at=now - timedelta(days=days)
        )

    found = wrong(project)["failed_export"]

    assert (found.count, found.detail, found.place) == (2, "No space <left>", "datasets")
    page = client_for(dana).get("/p/algebra/troubles/").content.decode()
    assert "No space &lt;left&gt;" in page
    assert 'href="/p/algebra/datasets/"' in page


def test_n3_what_labelers_doubt_waits_until_it_is_resolved_or_corrected(project, alice):
    factories.queued(project, 4, grade="wrong")
    label = factories.label(alice, (1, 1, 1))
    rating = StepRating.objects.create(label=label, step=1, option=1, text="No.", rating=0, flagged=True)
    dispute = Dispute.objects.get(label=label)
    found = wrong(project)
    assert (found["disputes"].count, found["unsure"].count) == (1, 1)
    assert (found["disputes"].place, found["disputes"].query) == ("reports", "?show=disputes")

    FlagReview.objects.create(project=project, rating=rating)
    dispute.resolution, dispute.resolved_at = "labeler", timezone.now()
    dispute.save()
    assert wrong(project).keys().isdisjoint({"disputes", "unsure"})


def test_n3_doubts_of_a_label_that_was_corrected_are_over(project, alice):
    factories.queued(project, 3, grade="wrong")
    label = factories.label(alice, (1, 1, 1))
    StepRating.objects.create(label=label, step=1, option=1, text="No.", rating=0, flagged=True)
    assert wrong(project).keys() >= {"disputes", "unsure"}

    fields = ("project", "slot", "solution", "labeler", "phase")
    Label.objects.create(
        **{field: getattr(label, field) for field in fields},
        id=uuid4(),
        supersedes=label,
        finish_reason="found_error",
        total_time_ms=1,
        payload_hash=bytes(32),
    )
    assert wrong(project).keys().isdisjoint({"disputes", "unsure"})


def test_n3_reports_of_the_last_week_are_counted(project, alice):
    factories.queued(project, 4)
    factories.label(alice, (1,), finish_reason="give_up", reason="Too long.")
    factories.label(alice, (), finish_reason="bad_problem", reason="Nonsense.")

    found = wrong(project)

    assert (found["give_ups"].count, found["bad_problems"].count) == (1, 1)
    assert not found["give_ups"].is_urgent


def test_n3_all_reports_are_counted_as_their_page_does_while_one_of_them_is_new(project, alice):
    factories.queued(project, 4)
    for _ in range(2):
        factories.label(alice, (1,), finish_reason="give_up", reason="Too long.")
    week = timezone.now() - timedelta(days=8)
    with pgtrigger.ignore("annotation.Label:append_only"):
        Label.objects.filter(pk=Label.objects.first().pk).update(created_at=week)

    assert wrong(project)["give_ups"].count == 2
    assert reports.ROWS[reports.Kind.GIVE_UPS](project).count() == 2
    with pgtrigger.ignore("annotation.Label:append_only"):
        Label.objects.update(created_at=week)
    assert "give_ups" not in wrong(project)


def test_n3_whoever_labels_no_more_is_not_waited_for(project, alice, dana):
    Labeler.objects.update(state="paused")
    assert "paused" in wrong(project)

    members.add_member(project=project, user=alice.user, role="reviewer", by=dana)

    assert wrong(project).keys().isdisjoint({"paused", "empty_queue"})


def test_n3_stale_figures_of_a_large_project_are_told(project):
    factories.queued(project, 1)
    run = tallies.renew(project=project)
    assert "stale_figures" not in wrong(project)

    type(run).objects.update(as_of=timezone.now() - timedelta(hours=2))
    assert "stale_figures" in wrong(project)


def test_n3_troubles_are_asked_for_again_and_again_by_few_questions(dana, alice, client_for, django_assert_num_queries):
    client = client_for(dana)

    # session · user · membership with project · run · waiting · expired leases · labelers · left to nobody · exclusions ·
    # disagreements · jobs · bad problems · disputes · unsure · give-ups · which of them are new · withdrawn problems
    with django_assert_num_queries(17):
        part = client.get("/p/algebra/troubles/list/").content.decode()

    assert 'data-live="/p/algebra/troubles/list/"' in part
    assert "<html" not in part
    header, rows = table(client.get("/p/algebra/troubles/?csv=1"))
    assert header[:3] == ["name", "urgent", "count"]
    assert rows[0][:3] == ["empty_queue", "true", "1"]


# What it costs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cost", "currency"), [("-1", "EUR"), ("nan", "EUR"), ("1", "Euro"), ("1", "E1R")])
def test_n4_a_cost_is_no_less_than_nothing_and_a_currency_three_letters(project, cost, currency):
    form = SettingsForm.for_project(project, {"hourly_cost": cost, "currency": currency})

    assert {"hourly_cost", "currency"} & form.errors.keys()


def test_n4_a_lead_sets_what_an_hour_costs(project):
    form = SettingsForm.for_project(project, {"hourly_cost": "22.5", "currency": "eur"})

    assert {"hourly_cost", "currency"}.isdisjoint(form.errors)
    assert (form.cleaned_data["hourly_cost"], form.cleaned_data["currency"]) == (22.5, "EUR")
