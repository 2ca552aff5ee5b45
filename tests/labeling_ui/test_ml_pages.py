"""What ML staff see and may do: start a round, watch it, read what it chose and why."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from annotation.models import AuditEvent, Job, Round
from annotation.models.jobs import JobKind
from annotation.queries import jobs as job_words
from annotation.queries import rounds as queries
from annotation.services import jobs, rounds, scoring
from labeling_ui.templatetags.figures import count, duration, figure, percent, share
from tests import factories

PAGES = ["rounds/", "rounds/0/", "rounds/0/progress/"]
METRICS = {"step_auc": 0.91271, "first_error_f1": 0.5, "first_error_error": 0.25, "solutions": 12, "steps": 70}


def finished_round(project, by=None, picks=(), report=None, metrics=None):
    """A round that is done; with a selector where there are metrics."""
    if not picks:
        factories.solution(project)
    rounds.start_round(project=project, by=by, problems=40, per_problem=3, seed=7)
    job = jobs.claim_job(kind=JobKind.ROUND, worker="test")
    round_ = Round.objects.get(job=job)
    version = metrics and scoring.register_version(
        round=round_,
        job=job,
        checkpoint=scoring.Checkpoint("checkpoint", "a" * 64, "toy", {}, "b" * 64, metrics),
    )
    told = (report or {}) | ({"metrics": metrics} if metrics else {})
    return rounds.fill_round(round=round_, job=job, version=version, picks=picks, report=told)


def pick(project, score=0.5, rank=1, arm="remaining", text="What is it?", **values):
    solution = factories.solution(problem_=factories.problem(project, text=text), **values)
    return rounds.Pick(solution.pk, arm, score or 0, {"score": score, "rank": rank})


def page_of(client, url):
    """The page with every run of white space, the no-break kind too, as one space."""
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# Who may see and do what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_rounds_are_shown_to_ml_staff_and_leads_and_are_not_there_for_strangers(
    page, alice, mel, dana, charlie, client_for
):
    factories.queued(alice.project)
    url = f"/p/algebra/{page}"

    assert [client_for(user).get(url).status_code for user in (mel, dana)] == [200, 200]
    assert client_for(alice.user).get(url).status_code == 403
    assert client_for(charlie.user).get(url).status_code == 404
    assert client_for(mel).get(url.replace("algebra", "nowhere")).status_code == 404
    assert Client().get(url)["Location"] == f"/accounts/sign-in/?next={url}"


@pytest.mark.parametrize("act", ["rounds/", "rounds/0/cancel/"])
def test_h6_only_ml_staff_start_and_cancel_rounds(act, alice, dana, charlie, client_for):
    factories.solution(alice.project)
    running = rounds.start_round(project=alice.project, by=None) if "cancel" in act else None
    body = {"problems": 5, "per_problem": 1}
    url = f"/p/algebra/{act}"

    assert client_for(dana).post(url, body).status_code == 403
    assert client_for(alice.user).post(url, body).status_code == 403
    assert client_for(charlie.user).post(url, body).status_code == 404
    assert Client().post(url, body)["Location"] == f"/accounts/sign-in/?next={url}"
    assert list(Round.objects.values_list("pk", "state")) == ([(running.pk, "running")] if running else [])


def test_a_lead_reads_the_list_without_the_form(dana, mel, client_for):
    page = page_of(client_for(dana), "/p/algebra/rounds/")

    assert "ML staff of the project start one" in page
    assert "Start the round" not in page


def test_a_lead_without_ml_staff_is_led_to_where_they_are_invited(dana, client_for):
    page = page_of(client_for(dana), "/p/algebra/rounds/")

    assert "nobody can start one" in page
    assert 'on the page <a href="/p/algebra/people/">People</a>' in page


def test_a_round_that_never_was_is_not_there(mel, client_for):
    client = client_for(mel)

    for number in (0, 10**30):
        assert client.get(f"/p/algebra/rounds/{number}/").status_code == 404
        assert client.get(f"/p/algebra/rounds/{number}/progress/").status_code == 404
        assert client.post(f"/p/algebra/rounds/{number}/cancel/").status_code == 404


def test_acts_are_not_done_by_a_link(project, mel, client_for):
    factories.running_round(project)

    assert client_for(mel).get("/p/algebra/rounds/0/cancel/").status_code == 405


# Starting -------------------------------------------------------------------------------------------------------------


def test_the_form_starts_a_round_of_the_size_asked_for(project, mel, client_for):
    factories.solution(project)

    page = client_for(mel).post("/p/algebra/rounds/", {"problems": 7, "per_problem": 2}, follow=True)

    started = Round.objects.get()
    assert (started.problems, started.per_problem, started.started_by) == (7, 2, mel)
    assert AuditEvent.objects.get(action="start round").actor == mel
    assert page.redirect_chain == [("/p/algebra/rounds/", 302)]
    assert "Round 0 is started" in page.content.decode()
    assert 'data-live="/p/algebra/rounds/0/progress/"' in page.content.decode()
    assert "Start the round" not in page.content.decode()


def test_the_form_begins_with_what_the_project_usually_takes(mel, client_for):
    page = client_for(mel).get("/p/algebra/rounds/")

    assert page.context["form"].initial == {"problems": 50, "per_problem": 1, "by_chance": False}


def test_a_second_round_is_refused_in_a_sentence(project, mel, client_for):
    factories.running_round(project)

    page = client_for(mel).post("/p/algebra/rounds/", {"problems": 7, "per_problem": 2}, follow=True)

    assert page.status_code == 200
    assert "A round of this project is running" in page.content.decode()
    assert Round.objects.count() == 1


def test_a_round_of_nothing_is_refused_in_a_sentence(mel, client_for):
    page = client_for(mel).post("/p/algebra/rounds/", {"problems": 7, "per_problem": 2}, follow=True)

    assert page.status_code == 200
    assert "There is no complete solution left to label" in page.content.decode()
    assert not Round.objects.exists()


@pytest.mark.parametrize("problems", ["", "0", "-1", "many", "1.5", "1000001"])
def test_a_form_that_makes_no_sense_comes_back_as_it_was(problems, project, mel, client_for):
    factories.solution(project)

    page = client_for(mel).post("/p/algebra/rounds/", {"problems": problems, "per_problem": 3})

    assert page.status_code == 400
    assert "errorlist" in page.content.decode()
    assert 'name="per_problem" value="3"' in page.content.decode()
    assert not Round.objects.exists()


def test_the_form_says_that_too_few_labels_make_a_cold_start(project, alice, mel, client_for):
    factories.queued(project, 4)
    factories.label(alice)

    page = page_of(client_for(mel), "/p/algebra/rounds/")

    assert 'There is <b class="number">1</b> label to train on, and a selector needs 5.' in page
    # one is labeled and two are alice's: the one in her hands and the next
    assert 'It chooses among <b class="number">1</b> solution of 1 problem' in page
    assert 'What waits in the queue now (<b class="number">1</b>) is replaced' in page


def test_the_form_says_what_waits_and_is_not_replaced(project, alice, bob, mel, client_for):
    factories.disagreement(alice, bob)  # who are the only ones: a third label waits for somebody else
    client = client_for(mel)

    assert 'in the queue now (<b class="number">1</b>) stays' in page_of(client, "/p/algebra/rounds/")
    factories.queued(project, 2)
    page = page_of(client, "/p/algebra/rounds/")
    assert 'What waits in the queue now (<b class="number">4</b>) is replaced' in page
    assert '<b class="number">1</b> more that waits stays: one more label of a solution' in page


def test_the_form_says_on_how_many_labels_a_selector_will_be_trained(project, alice, mel, client_for):
    factories.queued(project, 7)
    for _ in range(5):
        factories.label(alice)
    factories.label(alice, (1,), finish_reason="give_up", reason="No idea.")  # teaches nothing

    page = page_of(client_for(mel), "/p/algebra/rounds/")

    assert 'A selector is trained on <b class="number">5</b> labels.' in page
    assert "The base model cannot read these problems" not in page
    assert "a cold start" not in page


def test_after_a_training_that_failed_the_choice_is_left_to_chance_until_another_base_is_named(
    project, alice, mel, client_for
):
    factories.queued(project, 7)
    for ratings in [(1, 1, 1), (1, -1)] * 3:
        factories.label(alice, ratings)
    round_, job = factories.running_round(project)
    jobs.heartbeat(job=job, progress=jobs.Progress("train", 0, 0))
    rounds.fail_round(round=round_, job=job, error="The program train ended with status 1.\nIt <cannot> read this.")
    client = client_for(mel)

    page = page_of(client, "/p/algebra/rounds/")
    project.base_model = "/models/another"
    project.save()
    after = page_of(client, "/p/algebra/rounds/")

    assert page.count("It &lt;cannot&gt; read this.") == 2  # where one is started, and in the list
    assert "ended with status 1" not in page
    assert "So choose by chance, or name another base model" in page
    assert 'name="by_chance"' in page.split(" checked")[0][-200:]
    assert after.count("It &lt;cannot&gt; read this.") == 1
    assert " checked" not in after


# Watching -------------------------------------------------------------------------------------------------------------


def test_a_running_round_shows_its_stage_its_progress_and_its_log(project, mel, client_for):
    _round, job = factories.running_round(project)
    jobs.heartbeat(job=job, progress=jobs.Progress("train", 3, 8, "loss 0.5 <script>alert(1)</script>"))

    part = page_of(client_for(mel), "/p/algebra/rounds/0/progress/")

    assert "<html" not in part
    assert 'data-live="/p/algebra/rounds/0/progress/"' in part
    assert 'data-say="Round 0: Train the selector on them"' in part
    assert '<progress max="8" value="3"' in part
    assert "3 of 8" in part
    assert "loss 0.5 &lt;script&gt;" in part


def test_stages_before_the_one_in_front_are_done_and_those_after_it_wait(project):
    round_, job = factories.running_round(project)
    jobs.heartbeat(job=job, progress=jobs.Progress("score", 0, 0))
    found = queries.round_of(project, number=0)

    shown = queries.progress(found, now=timezone.now())

    assert [stage.state for stage in shown.stages] == ["done", "done", "done", "now", "waiting", "waiting"]
    rounds.fail_round(round=round_, job=job, error="It broke.")
    ended = queries.progress(queries.round_of(project, number=0), now=timezone.now())
    assert [stage.state for stage in ended.stages] == ["done", "done", "done", "stopped", "waiting", "waiting"]


def test_stages_that_a_cold_start_leaves_out_are_not_called_done(project):
    finished_round(project)

    shown = queries.progress(queries.round_of(project, number=0), now=timezone.now())

    assert [stage.state for stage in shown.stages] == ["done", "left_out", "left_out", "left_out", "left_out", "done"]


@pytest.mark.parametrize(("by_chance", "why"), [(False, "too few labels"), (True, "the choice was left to chance")])
def test_stages_that_are_left_out_say_why(by_chance, why, project, mel, client_for):
    Round.objects.filter(pk=finished_round(project).pk).update(by_chance=by_chance)

    assert page_of(client_for(mel), "/p/algebra/rounds/0/progress/").count(f"(left out: {why})") == 4


def test_a_round_that_is_over_is_not_asked_for_again(project, mel, client_for):
    finished_round(project)

    assert "data-live=" not in page_of(client_for(mel), "/p/algebra/rounds/0/progress/")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Waiting for a worker."),
        ({"created_at": Now() - timedelta(minutes=1)}, "No worker has taken it yet."),
        ({"attempt": 1}, "Its worker fell silent"),
        ({"cancel_requested": True}, "It was asked to stop"),
    ],
)
def test_a_job_that_waits_says_why(values, sentence, project):
    factories.solution(project)
    job = rounds.start_round(project=project, by=None).job
    Job.objects.filter(pk=job.pk).update(**values)

    assert job_words.note(Job.objects.get(pk=job.pk), now=timezone.now()).startswith(sentence)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, ""),
        ({"lease_until": Now() - timedelta(seconds=1)}, "Its worker has fallen silent."),
        ({"attempt": 2}, "Attempt 2 of 3: the worker before fell silent."),
        ({"cancel_requested": True}, "It was asked to stop; the worker hears of it within seconds."),
    ],
)
def test_a_job_at_work_says_what_is_unusual(values, sentence, project):
    _round, job = factories.running_round(project)
    Job.objects.filter(pk=job.pk).update(**values)

    said = job_words.note(Job.objects.get(pk=job.pk), now=timezone.now())

    assert said.startswith(sentence)
    assert bool(said) == bool(sentence)


def test_a_finished_job_has_nothing_more_to_say(project):
    round_ = finished_round(project)

    assert job_words.note(round_.job, now=timezone.now() + timedelta(days=1)) == ""


# Cancelling -----------------------------------------------------------------------------------------------------------


def test_a_running_round_is_asked_to_stop(project, mel, client_for):
    _round, job = factories.running_round(project)
    client = client_for(mel)
    assert "Cancel this round" in page_of(client, "/p/algebra/rounds/0/")

    page = client.post("/p/algebra/rounds/0/cancel/", follow=True).content.decode()

    assert Job.objects.get(pk=job.pk).cancel_requested
    assert "Round 0 was asked to stop" in page
    assert "the worker hears of it within seconds" in page
    assert "Cancel this round" not in page


def test_cancelling_what_has_ended_is_refused_in_a_sentence(project, mel, client_for):
    finished_round(project)

    page = client_for(mel).post("/p/algebra/rounds/0/cancel/", follow=True)

    assert page.status_code == 200
    assert "This has ended already." in page.content.decode()


def test_a_lead_sees_no_button_that_would_be_refused(project, dana, client_for):
    factories.running_round(project)

    assert "Cancel this round" not in page_of(client_for(dana), "/p/algebra/rounds/0/")


# Reading --------------------------------------------------------------------------------------------------------------


def test_the_list_shows_labels_metrics_and_the_selector_in_use(project, mel, client_for):
    finished_round(project, report={"labels": 1234}, metrics=METRICS)
    finished_round(project, report={"labels": 1300}, metrics=METRICS | {"step_auc": None})

    page = page_of(client_for(mel), "/p/algebra/rounds/")

    newest, older = page.split("How the selectors change")[0].split("Round 0</a>")
    assert '<td class="number">1,234</td>' in older
    assert '<td class="number">0.913</td><td class="number">0.500</td>' in older
    assert '<td class="number">–</td><td class="number">0.500</td>' in newest
    assert ("in use" in newest, "in use" in older) == (True, False)


def test_a_round_shows_what_it_found_and_did(project, mel, client_for):
    told = {"labels": 40, "pool": 900, "problems": 40, "wanted": 120, "wrong_answer": 3, "warning": "Too <few>."}
    picks = [pick(project), pick(project, text="And that?"), pick(project, text="And this?")]
    finished_round(project, by=mel, picks=picks, report=told, metrics=METRICS)

    page = page_of(client_for(mel), "/p/algebra/rounds/0/")

    assert "more than 15 % of those that it could choose from" in page
    assert '<b class="number">120</b><span>3 of each of 40 problems</span>' in page
    assert '<b class="number">3</b><span>100.0 %</span>' in page
    assert '<b class="number">0.913</b>' in page
    assert '<b class="number">25.0 %</b><span>of the solutions with an error</span>' in page
    assert "started by mel" in page


def test_a_report_of_an_older_worker_shows_dashes(project, mel, client_for):
    round_ = finished_round(project)
    Round.objects.filter(pk=round_.pk).update(report={"a_key_of_tomorrow": 1})

    assert '<dt>Labels used</dt><dd><b class="number">–</b>' in page_of(client_for(mel), "/p/algebra/rounds/0/")


def test_picks_stand_in_the_order_of_the_queue_with_their_reasons(project, mel, client_for):
    picks = [
        pick(project, 0.25, rank=2, text="The lower one"),
        pick(project, 0.75, arm="convincing_wrong", text="The higher <b>one</b>", grade="wrong"),
        pick(project, None, arm="random", text="One by chance", grade="correct"),
    ]
    finished_round(project, picks=picks)

    page = page_of(client_for(mel), "/p/algebra/rounds/0/")

    higher, lower, chance = (page.index(text) for text in ("The higher &lt;b&gt;", "The lower", "One by chance"))
    assert higher < lower < chance
    why = "<td>most convincing wrong answers</td><td>wrong</td>"
    assert (
        f'{why}<td class="number">0.750</td><td class="number">1</td><td class="number">–</td><td class="nowrap">waiting</td>'
        in page
    )
    assert '<td>random</td><td>correct</td><td class="number">–</td>' in page


def test_picks_come_fifty_at_a_time(project, mel, client_for):
    factories.queued(project, 51)
    client = client_for(mel)

    first, second = (client.get(f"/p/algebra/rounds/0/{query}").context["page"].picks.rows for query in ("", "?page=2"))

    assert (len(first), len(second)) == (50, 1)
    assert len({row.solution_id for row in first + second}) == 51
    assert "51 to 51 of 51" in page_of(client, "/p/algebra/rounds/0/?page=nonsense&page=99")


def test_a_failed_round_says_why_and_stays_readable_after_the_next_one(project, mel, client_for):
    round_, job = factories.running_round(project)
    rounds.fail_round(round=round_, job=job, error="The program train ended with status 1.\n<no memory>")
    client = client_for(mel)

    failed = page_of(client, "/p/algebra/rounds/0/")
    finished_round(project)
    again = page_of(client, "/p/algebra/rounds/0/")

    assert "The round failed, and nothing was changed" in failed
    assert "ended with status 1. &lt;no memory&gt;" in failed
    assert "ended with status 1. &lt;no memory&gt;" in again


def test_a_round_of_another_project_with_the_same_number_is_not_mixed_in(project, charlie, mel, client_for):
    finished_round(charlie.project, picks=[pick(charlie.project, text="A secret problem")])
    finished_round(project, picks=[pick(project, text="Our problem")])

    page = page_of(client_for(mel), "/p/algebra/rounds/0/")

    assert "Our problem" in page
    assert "A secret problem" not in page


@pytest.mark.parametrize("rounds_before", [1, 3])
def test_the_list_asks_as_many_questions_for_three_rounds_as_for_one(
    rounds_before, project, mel, client_for, django_assert_num_queries
):
    for _ in range(rounds_before):
        finished_round(project, by=mel, metrics=METRICS)
    client = client_for(mel)

    # session · user · membership with project · rounds with job, selector and person · run of tallies · labels · pool
    # · waiting · replaced · whether anybody can start one · run of tallies · what is labeled of each round · sources
    with django_assert_num_queries(13):
        client.get("/p/algebra/rounds/")


@pytest.mark.parametrize("picks", [1, 20])
def test_a_round_asks_as_many_questions_for_twenty_picks_as_for_one(
    picks, project, mel, client_for, django_assert_num_queries
):
    factories.queued(project, picks)
    client = client_for(mel)

    # session · user · membership with project · round of that number · selector that it trained · picks counted ·
    # picks with problem · run of tallies · what is labeled of it
    with django_assert_num_queries(9):
        client.get("/p/algebra/rounds/0/")


def test_what_is_asked_every_two_seconds_asks_little(project, mel, client_for, django_assert_num_queries):
    factories.running_round(project)
    client = client_for(mel)

    # session · user · membership with project · round with job
    with django_assert_num_queries(4):
        client.get("/p/algebra/rounds/0/progress/")


def test_numbers_are_written_for_people():
    begin = timezone.now()

    assert [count(1234567), count(0), count(None)] == ["1,234,567", "0", "–"]
    assert [share(0.75), share(0.125), share(0.07), share(None)] == ["75\u00a0%", "12.5\u00a0%", "7\u00a0%", "–"]
    assert [percent(0.8512), percent(0.0), percent(None)] == ["85.1\u00a0%", "0.0\u00a0%", "–"]
    assert [figure(0.98765), figure(1), figure(None)] == ["0.988", "1.000", "–"]
    assert [duration(begin, begin + timedelta(seconds=s)) for s in (0, 59, 60, 185, 3600, 7859)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "3 min 5 s",
        "1 h 0 min",
        "2 h 10 min",
    ]
