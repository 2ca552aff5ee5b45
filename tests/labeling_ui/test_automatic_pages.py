"""Pages of automatic labels and of generators (rows K8, A4): asked for, watched, compared, sent to people, stopped."""

import pytest

from annotation.models import AuditEvent, AutomaticSource, Job, Sampling, Slot
from annotation.models.jobs import JobKind
from annotation.queries import automatic_agreement
from annotation.services import jobs
from tests import factories
from tests.annotation.test_consensus import CASES, judged, says

PATH = "/p/algebra/automatic/"
ROLLOUTS = {
    "act": "start", "kind": "rollouts", "which": "all", "generator": "toy", "rollouts": "4", "temperature": "1",
    "max_new_tokens": "64", "seed": "0", "budget": "100000", "threshold": "0.2",
}  # fmt: skip
SAMPLES = {
    "act": "start", "generator": "toy", "problems": "5", "per_problem": "2", "temperature": "1", "seed": "3",
    "max_new_tokens": "64", "budget": "100000",
}  # fmt: skip


def finished(source):
    Job.objects.filter(pk=source.job_id).update(state="done", finished_at=source.created_at)
    AutomaticSource.objects.filter(pk=source.pk).update(report={"chosen": 8, "labeled": 6, "tokens": 1234})
    return source


@pytest.mark.parametrize("who", ["dana", "mel"])
def test_k8_leads_and_ml_staff_have_solutions_labeled(who, request, project, client_for):
    by = request.getfixturevalue(who)
    factories.solution(project)

    page = client_for(by).post(PATH, ROLLOUTS, follow=True)

    source = AutomaticSource.objects.get()
    assert page.redirect_chain == [(f"{PATH}{source.pk}/", 302)]
    assert (source.name, source.kind, source.job.kind, source.started_by) == ("rollouts 1", "rollouts", "automatic", by)
    assert (source.asked["rollouts"], source.asked["generator"], source.asked["budget"]) == (4, "toy", 100000)
    assert AuditEvent.objects.get(action="start automatic labels").actor == by
    assert f'data-live="{PATH}{source.pk}/state/"' in page.content.decode()


def test_k8_tokens_are_counted_before_anything_is_started(dana, project, client_for):
    factories.solution(project, steps=["x" * 40, "y" * 40, "z" * 40])

    page = client_for(dana).post(PATH, ROLLOUTS | {"act": "count", "budget": "10"}).content.decode()

    # after the first step 80 characters are to come, after the second 40; four rollouts, four characters a token
    assert "1 solution with 3 steps: about 120 tokens." in page
    assert "That is more than the budget" in page
    assert not AutomaticSource.objects.exists()


@pytest.mark.parametrize(
    ("changes", "grade", "tokens"),
    [
        # 80 and 40 characters are to come; of each rollout at most 15 tokens are written, which is about 60 characters
        ({"max_new_tokens": "15"}, "wrong", 100),
        ({"search": "on"}, "wrong", 120),
        ({"search": "on"}, "correct", 0),
        ({"search": "on", "from_start": "on"}, "correct", 120),
    ],
)
def test_k8_tokens_are_counted_as_rollouts_take_them(changes, grade, tokens, dana, project, client_for):
    factories.solution(project, steps=["x" * 40, "y" * 40, "z" * 40], grade=grade)

    page = client_for(dana).post(PATH, ROLLOUTS | {"act": "count"} | changes).content.decode()

    assert f"about {tokens} tokens." in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rollouts": "0"}, "greater than or equal to 1"),
        ({"generator": "https://nowhere.example/v1#m"}, "is not one of the available choices"),
        ({"kind": "model"}, "Choose the model."),
        ({"most": "-1"}, "greater than or equal to 1"),
    ],
)
def test_what_is_not_right_is_said_and_nothing_is_started(changes, sentence, dana, project, client_for):
    factories.solution(project)

    page = client_for(dana).post(PATH, ROLLOUTS | changes)

    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert not AutomaticSource.objects.exists()


def test_a_name_that_is_taken_and_nothing_to_label_are_refused_in_words(dana, project, client_for):
    client = client_for(dana)

    nothing = client.post(PATH, ROLLOUTS).content.decode()
    factories.solution(project)
    factories.automatic_source(project, "completer")
    taken = client.post(PATH, ROLLOUTS | {"name": "completer"}).content.decode()

    assert "None of the solutions can be chosen" in nothing
    assert "There is a source of this name already" in taken


def test_a_server_is_asked_only_where_it_is_allowed(dana, project, client_for, settings):
    factories.solution(project)
    client = client_for(dana)
    server = {"server": "https://models.example.org/v1#qwen"}
    assert "Or a server" not in client.get(PATH).content.decode()

    settings.GENERATOR_ORIGINS = ["https://other.example.org"]
    refused = client.post(PATH, ROLLOUTS | server)
    settings.GENERATOR_ORIGINS = ["https://models.example.org"]
    client.post(PATH, ROLLOUTS | server)

    assert refused.status_code == 400
    assert "GENERATOR_ORIGINS" in refused.content.decode()
    assert AutomaticSource.objects.get().asked["generator"] == server["server"]


def test_k8_the_page_of_a_source_holds_it_beside_people_and_sends_what_differs_once(alice, dana, project, client_for):
    source = finished(judged(project, alice, *CASES))
    client = client_for(dana)

    page = client.get(f"{PATH}{source.pk}/").content.decode()
    first = client.post(f"{PATH}{source.pk}/send/", follow=True).content.decode()
    again = client.post(f"{PATH}{source.pk}/send/", follow=True).content.decode()

    assert "solutions labeled, of 8 chosen" in page
    assert f"{automatic_agreement.found(source).kappa.value:.3f}</b>" in page
    assert page.count("<td>Step 2") == 2
    assert "data-live=" not in page
    assert "4 solutions wait for a second label." in first
    assert "Sent to people so far: 4 wait" in first
    assert "There is nothing to send" in again
    assert Slot.objects.filter(served_reason__automatic=source.pk).count() == 4


def test_whoever_may_have_to_decide_is_not_told_what_people_said(alice, bob, dana, mel, project, client_for):
    solution = factories.disagreement(alice, bob)
    source = finished(factories.automatic_source(project))
    says(source, solution, -1, 1, 1)

    lead = client_for(dana).get(f"{PATH}{source.pk}/").content.decode()
    staff = client_for(mel).get(f"{PATH}{source.pk}/").content.decode()

    assert "judge it</a> first" in lead
    assert f'href="/p/algebra/solutions/{solution.pk}/"' not in lead
    assert f'href="/p/algebra/solutions/{solution.pk}/"' in staff


def test_a_source_without_a_persons_label_and_a_project_without_sources_say_so(dana, project, client_for):
    client = client_for(dana)

    assert "There are none yet." in client.get(PATH).content.decode()
    source = finished(factories.automatic_source(project))
    assert "No person has labeled any of these solutions" in client.get(f"{PATH}{source.pk}/").content.decode()


def test_k8_a_source_that_is_being_made_shows_how_far_it_is_and_can_be_stopped(dana, project, client_for):
    source = factories.automatic_source(project)
    job = jobs.claim_job(kind=JobKind.AUTOMATIC, worker="test")
    jobs.heartbeat(job=job, progress=jobs.Progress("roll out", 1500, 6000, log_tail="going"))
    client = client_for(dana)

    page = client.get(f"{PATH}{source.pk}/").content.decode()
    stopped = client.post(f"{PATH}{source.pk}/cancel/", follow=True).content.decode()

    assert "1,500 of 6,000" in page
    assert "going" in page
    assert "It was asked to stop." in stopped
    assert Job.objects.get(pk=job.pk).cancel_requested


def test_k8_what_failed_is_gone_on_with_and_what_was_left_out_is_said(mel, project, client_for):
    source = factories.automatic_source(project)
    Job.objects.filter(pk=source.job_id).update(state="failed", error="No reply.", finished_at=source.created_at)
    client = client_for(mel)

    failed = client.get(f"{PATH}{source.pk}/").content.decode()
    client.post(f"{PATH}{source.pk}/go-on/")
    source.refresh_from_db()
    again = client.post(f"{PATH}{source.pk}/go-on/", follow=True).content.decode()

    assert "What was paid for until then is kept." in failed
    assert "Go on</button>" in failed
    assert source.job.state == "queued"
    assert AuditEvent.objects.get(action="go on with automatic labels").actor == mel
    assert "Only what has failed can be gone on with." in again
    finished(source)
    told = {"over_budget": 1, "cut_off": 2, "lost_tokens": 500}
    AutomaticSource.objects.filter(pk=source.pk).update(report={"chosen": 8, "labeled": 6, "gone": 1, "told": told})
    page = client.get(f"{PATH}{source.pk}/").content.decode()
    assert "1 solution was left out: the budget did not reach for it." in page
    assert "2 rollouts were cut off" in page
    assert "up to 500 tokens" in page
    assert "1 solution was taken back meanwhile" in page


def test_a4_a_run_that_failed_is_gone_on_with(mel, project, client_for):
    factories.problem(project)
    client = client_for(mel)
    client.post("/p/algebra/samplings/", SAMPLES)
    run = Sampling.objects.get()
    Job.objects.filter(pk=run.job_id).update(state="failed", error="No reply.", finished_at=run.created_at)

    client.post(f"/p/algebra/samplings/{run.pk}/go-on/")
    Sampling.objects.update(report={"over_budget": 2, "too_long": 1})
    page = client.get("/p/algebra/samplings/").content.decode()

    assert Sampling.objects.get().job.state == "queued"
    assert "2 problems were left out: the budget did not reach for them." in page
    assert "1 problem was left out: it leaves the generator no room." in page


def test_the_list_asks_as_many_questions_for_three_sources_as_for_none(
    dana, project, client_for, django_assert_num_queries
):
    for number in range(3):
        finished(factories.automatic_source(project, f"source {number}"))
    client = client_for(dana)

    # session · user · membership with project · sources with job, person and model
    with django_assert_num_queries(4):
        client.get(f"{PATH}list/")


def test_a4_solutions_are_asked_for_counted_and_stopped(mel, project, client_for):
    factories.problem(project)
    client = client_for(mel)

    counted = client.post("/p/algebra/samplings/", SAMPLES | {"act": "count"}).content.decode()
    assert "At most 128 tokens" in counted
    assert not Sampling.objects.exists()
    started = client.post("/p/algebra/samplings/", SAMPLES, follow=True).content.decode()
    run = Sampling.objects.get()
    stopped = client.post(f"/p/algebra/samplings/{run.pk}/cancel/", follow=True).content.decode()

    assert "The generator writes." in started
    assert 'data-live="/p/algebra/samplings/list/"' in started
    assert (run.asked["per_problem"], run.asked["seed"], run.started_by) == (2, 3, mel)
    assert "It is not being made any more." in stopped


def test_a4_a_budget_that_does_not_reach_for_one_problem_is_refused(mel, project, client_for):
    factories.problem(project)

    page = client_for(mel).post("/p/algebra/samplings/", SAMPLES | {"budget": "5"})

    assert page.status_code == 400
    assert "does not surely reach for one problem" in page.content.decode()
