"""B5, B6 and F14 as leads see them: problems and their answers, doubts to resolve, unsure marks to answer."""

import pytest

from annotation.models import Dispute, FlagReview, Job, Message, Problem, Solution, StepRating
from annotation.services import jobs
from tests import factories
from tests.labeling_ui.test_report_pages import imported, unsure

URL = "/p/algebra/problems/"
REPORTS = "/p/algebra/reports/"


@pytest.fixture
def client(dana, client_for):
    return client_for(dana)


@pytest.fixture
def problem(project):
    made = factories.problem(project, text="How long is $x<1$?", unique_id="train/7", answer="2")
    factories.solution(problem_=made)
    return made


def page_of(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def post(client, url, **values):
    answer = client.post(url, values, follow=True)
    return answer, " ".join(answer.content.decode().split())


# Problems -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("search", ["train/", "LONG IS", "number"])
def test_b5_a_problem_is_found_by_the_beginning_of_its_id_its_words_or_its_number(client, problem, search):
    factories.problem(problem.project, unique_id="other/train/7")

    page = page_of(client, f"{URL}?search={problem.pk if search == 'number' else search}")

    assert "How long is $x&lt;1$?" in page
    assert "other/train/7" not in page


def test_b5_what_is_not_found_is_said(client, problem, charlie):
    factories.problem(charlie.project, text="Elsewhere.")

    assert "No problem has “Elsewhere&lt;”" in page_of(client, f"{URL}?search=Elsewhere<")
    assert "No problem has “Elsewhere”" in page_of(client, f"{URL}?search=Elsewhere")


def test_b5_a_project_without_problems_says_so(client, project):
    assert "There are no problems in this project yet." in page_of(client, URL)


@pytest.mark.parametrize("many", [1, 3])
def test_b5_the_list_asks_as_many_questions_for_many_problems_as_for_one(
    many, client, project, django_assert_num_queries
):
    for _ in range(many):
        factories.solution(project)

    # session · user · membership with project · ids · problems · their solutions · job · pending, twice
    with django_assert_num_queries(9):
        assert page_of(client, URL).count('<th scope="row">') == many


def test_b5_an_answer_is_corrected_and_the_page_says_what_came_of_it(client, problem, dana):
    _, page = post(client, f"{URL}{problem.pk}/", old="2", new="3", reason="A slip.")

    assert "The answer is corrected. 1 solution has another grade now." in page
    assert "<td>dana</td><td>A slip.</td>" in page
    assert Problem.objects.get(pk=problem.pk).answer == "3"


def test_b5_a_problem_is_withdrawn_and_used_again(client, problem, project):
    page = page_of(client, f"{URL}{problem.pk}/")
    assert "Withdraw it" in page

    _, page = post(client, f"{URL}{problem.pk}/use/", act="withdraw")
    assert "Withdrawn. Nobody is given its solutions any more" in page
    assert Problem.objects.get(pk=problem.pk).withdrawn_at
    assert "withdrawn already" in post(client, f"{URL}{problem.pk}/use/", act="withdraw")[1]

    _, page = post(client, f"{URL}{problem.pk}/use/", act="restore")
    assert "It is in use again" in page
    assert Problem.objects.get(pk=problem.pk).withdrawn_at is None
    assert client.post(f"{URL}{problem.pk}/use/", {"act": "shrug"}).status_code == 404
    assert client.post(f"{URL}0/use/", {"act": "restore"}).status_code == 404


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"old": "2", "new": "2"}, "This is the answer that the problem has already."),
        ({"old": "1", "new": "3"}, "Somebody else has changed this answer since you saw it."),
        ({"was_unknown": "1", "new": "3"}, "Somebody else has changed this answer since you saw it."),
    ],
)
def test_b5_a_correction_that_cannot_be_made_says_why_and_shows_what_the_answer_is(client, problem, values, sentence):
    answer, page = post(client, f"{URL}{problem.pk}/", **values)

    assert answer.status_code == 400
    assert sentence in page
    assert '<span data-maths="bare">2</span>' in page


def test_b5_an_unknown_answer_is_made_known(client, problem):
    Problem.objects.update(answer=None)
    assert "Nobody knows it" in page_of(client, f"{URL}{problem.pk}/")

    post(client, f"{URL}{problem.pk}/", was_unknown="1", old="", new="3")

    assert Problem.objects.get(pk=problem.pk).answer == "3"


def test_b5_the_problem_of_another_project_is_not_there(client, charlie):
    other = factories.problem(charlie.project)

    assert client.get(f"{URL}{other.pk}/").status_code == 404
    assert client.post(f"{URL}{other.pk}/", {"old": "2", "new": "3"}).status_code == 404


@pytest.mark.parametrize("many", [1, 3])
def test_b5_a_problem_asks_as_many_questions_for_many_solutions_as_for_one(
    many, client, project, django_assert_num_queries
):
    problem = factories.problem(project)
    for _ in range(many):
        factories.solution(problem_=problem)

    # session · user · membership with project · problem · how many solutions · solutions · labels · slots · grades ·
    # changes · disputes · who calls it bad · job · pending, twice
    with django_assert_num_queries(15):
        assert page_of(client, f"{URL}{problem.pk}/").count('<th scope="row">') == many


def test_a8_what_waits_for_a_verdict_is_counted_graded_and_stopped(client, problem):
    Solution.objects.update(grade="pending")
    assert "1 solution is not graded yet" in page_of(client, URL)

    _, page = post(client, f"{URL}grade/", act="grade")
    assert "A worker grades what waits for it." in page
    assert Job.objects.filter(kind="grading", state="queued").count() == 1

    _, page = post(client, f"{URL}grade/", act="cancel")
    assert "Grading stops." in page
    _, page = post(client, f"{URL}grade/", act="cancel")
    assert str(jobs.NotCancellable()) in page


# Doubted answers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def dispute(alice):
    factories.queued(alice.project)
    return Dispute.objects.get(label=factories.label(alice))


def resolve(client, dispute, **values):
    return post(client, f"{REPORTS}disputes/{dispute.pk}/", **values)


@pytest.mark.parametrize(
    ("values", "sentence", "resolution"),
    [
        ({"act": "truth", "old": "2", "new": "3"}, "1 doubt is settled.", "truth"),
        ({"act": "grader"}, "The solution counts as right now", "grader"),
        ({"act": "labeler"}, "The solution waits for a reviewer to decide it.", "labeler"),
        ({"act": "labeler", "text": "Step 2!"}, "The message is sent.", "labeler"),
    ],
)
def test_b6_one_click_says_who_was_wrong_and_the_doubt_leaves_the_open_list(
    client, dispute, dana, values, sentence, resolution
):
    assert f'id="dispute-{dispute.pk}"' in page_of(client, f"{REPORTS}?show=disputes")

    _, page = resolve(client, dispute, **values)

    assert sentence in page
    assert "All doubted answers are resolved." in page
    assert Dispute.objects.get().resolution == resolution
    done = page_of(client, f"{REPORTS}?show=disputes&done=1")
    assert f'id="dispute-{dispute.pk}"' in done
    assert "dana," in done


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        ("grader", "The answer that the labeler came to counts as right."),
        ("labeler", "The label stays as it is: reviewers decide nothing about dialogues."),
    ],
)
def test_b6_of_a_dialogue_it_is_said_what_becomes_of_it(client, alice, act, sentence):
    label = imported(alice.project, solution=factories.solution(alice.project), finish_reason="solution", phase=1)
    dispute = Dispute.objects.create(project=alice.project, label=label, answer="3")

    assert sentence in resolve(client, dispute, act=act)[1]


@pytest.mark.parametrize(
    "values", [{"act": "labeler", "text": "x" * 20_001}, {"act": "truth", "old": "2", "new": "x" * 1001}]
)
def test_b6_too_many_words_are_told_and_nothing_is_resolved(client, dispute, values):
    assert "characters" in resolve(client, dispute, **values)[1]
    assert Dispute.objects.open().exists()
    assert not Message.objects.exists()


def test_b6_an_answer_of_several_lines_is_corrected_from_what_was_seen(client, dispute):
    Problem.objects.update(answer="1\n2")

    _, page = resolve(client, dispute, act="truth", old="1\r\n2", new="3\r\n4")

    assert "The answer is corrected." in page
    assert Problem.objects.get().answer == "3\n4"


def test_b6_whoever_resolves_one_of_many_goes_on_where_it_was(client, dispute):
    answer = client.post(f"{REPORTS}disputes/{dispute.pk}/", {"act": "grader", "page": "3"})

    assert answer["Location"] == f"{REPORTS}?show=disputes&page=3#main"


def test_b6_a_doubt_that_somebody_resolved_meanwhile_is_told(client, dispute):
    resolve(client, dispute, act="grader")

    assert "Somebody has resolved this one since you saw it." in resolve(client, dispute, act="labeler")[1]


def test_b6_what_nobody_can_mean_is_not_there(client, dispute, charlie, client_for):
    assert resolve(client, dispute, act="shrug")[0].status_code == 404
    assert client.post(f"{REPORTS}disputes/{dispute.pk + 1}/", {"act": "grader"}).status_code == 404


# Unsure marks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def flag(alice):
    return StepRating.objects.get(label=unsure(alice), flagged=True)


def review(client, flag, **values):
    return post(client, f"{REPORTS}flags/{flag.pk}/", **values)


def test_f14_a_reply_is_sent_the_mark_is_done_and_the_labeler_reads_it(client, flag, alice, client_for):
    _, page = review(client, flag, act="review", text="Okay is right.")

    assert "Your reply is sent, and the mark is done." in page
    assert "All unsure marks are answered." in page
    assert 'Done <span class="number">1</span>' in page
    assert "Okay is right." in page_of(client, f"{REPORTS}?show=unsure&done=1")
    assert "Okay is right." in page_of(client_for(alice.user), "/p/algebra/work/")


def test_f14_a_mark_is_done_without_a_word_and_opened_again(client, flag):
    assert "The mark is done." in review(client, flag, act="review", text="")[1]
    assert not Message.objects.exists()

    _, page = review(client, flag, act="reopen")

    assert f'id="flag-{flag.pk}"' in page
    assert not FlagReview.objects.exists()


def test_f14_who_comes_second_is_told(client, flag):
    review(client, flag, act="review", text="")

    assert "Somebody has marked this one as done since you saw it." in review(client, flag, act="review", text="")[1]


def test_f14_a_step_without_a_mark_is_not_there(client, flag):
    plain = StepRating.objects.filter(label=flag.label, option=0).first()

    assert client.post(f"{REPORTS}flags/{plain.pk}/", {"act": "review"}).status_code == 404
