"""F10 and F11 as reviewers and leads see them: the list, the blind judgement, the labels side by side, gold."""

import pytest

from annotation.models import Adjudication, Gold, Label
from annotation.services import adjudication
from tests import factories

URL = "/p/algebra/adjudication/"


@pytest.fixture
def rita(project):
    return factories.member(project, "reviewer", "rita")


@pytest.fixture
def disputed(alice, bob):
    return factories.disagreement(alice, bob)


@pytest.fixture
def case(disputed):
    return f"{URL}{disputed.pk}/"


@pytest.fixture
def client(rita, client_for):
    return client_for(rita)


def page_of(client, url=URL, status=200):
    answer = client.get(url)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def send(client, url, act, ratings=(), **values):
    rated = {f"step-{place}": str(rating) for place, rating in enumerate(ratings)}
    return client.post(url, {"act": act} | rated | values, follow=True)


def text_of(answer):
    return " ".join(answer.content.decode().split())


MARKS = ("opinions", "they differ", "error at step", "no error", "Take over")


def test_f10_the_list_names_solutions_and_nothing_that_somebody_said_of_them(client, disputed):
    page = page_of(client)

    assert f"Solution {disputed.pk}" in page
    assert "To decide <span" in page
    assert not any(mark in page for mark in MARKS)


def test_f10_before_the_own_judgement_no_word_of_the_others_is_on_the_page(client, case, alice, bob):
    page = page_of(client, case)

    assert "Keep my judgement" in page
    assert not any(mark in page for mark in MARKS)
    for labeler in (alice, bob):
        assert str(labeler.pseudonym)[:8] not in page
        assert labeler.user.username not in page.replace("Labels", "")


def test_f10_a_reviewer_judges_sees_the_others_and_decides(client, case, alice, rita):
    answer = send(client, case, "blind", (1, 0, -1))
    page = text_of(answer)
    assert "Your judgement is kept." in page
    assert str(alice.pseudonym)[:8] in page
    assert alice.user.username not in page
    assert page.count('class="in-dispute"') == 2
    assert '<input type="radio" name="step-2" value="-1" checked>' in page

    page = text_of(send(client, case, "decide", (1, -1)))

    assert "Decided." in page
    assert [one.rating for one in Label.objects.get(origin="reviewer").steprating_set.order_by("step")] == [1, -1]
    assert "Decide so" not in page
    assert "Nothing has been decided yet." not in page_of(client, f"{URL}?show=decided")


def test_f10_going_back_after_the_blind_judgement_does_not_let_one_judge_again(client, case):
    send(client, case, "blind", (1, 0, -1))

    answer = send(client, case, "blind", (-1,))

    assert answer.status_code == 400
    assert "What you thought first is kept" in text_of(answer)
    assert Adjudication.objects.get().blind["ratings"][-1]["step"] == 2


def test_f10_what_stands_after_the_first_bad_step_does_not_count(client, case):
    send(client, case, "blind", (1, -1, 1))

    assert [one["rating"] for one in Adjudication.objects.get().blind["ratings"]] == [1, -1]


def test_f10_no_judgement_at_all_is_told_that_nothing_is_rated(client, case):
    assert "Nothing is rated yet." in text_of(send(client, case, "blind", ()))


def test_f10_half_a_judgement_is_refused_in_words_and_what_was_chosen_stays(client, case):
    answer = send(client, case, "blind", (1, 1))

    assert answer.status_code == 400
    page = text_of(answer)
    assert "A solution is finished when every step is rated and none is bad." in page
    assert '<input type="radio" name="step-1" value="1" checked>' in page
    assert not Adjudication.objects.exists()


def test_f10_a_bad_problem_needs_a_reason(client, case):
    assert "Please say in a few words why." in text_of(send(client, case, "blind", (), is_bad_problem="on"))

    send(client, case, "blind", (), is_bad_problem="on", reason="It has no picture.")

    assert Adjudication.objects.get().blind["finish_reason"] == "bad_problem"


def test_f10_the_time_of_a_decision_counts_from_the_page_and_nobody_can_make_it_up(client, case):
    clock = client.get(case).context["form"].clock
    send(client, case, "blind", (1, -1), since="forged")
    assert Adjudication.objects.get().blind["total_time_ms"] == 0

    send(client, case, "decide", (1, -1), since=clock)

    assert Label.objects.get(origin="reviewer").total_time_ms >= 0


def test_f10_one_of_the_labels_is_taken_over(client, case, alice, bob):
    send(client, case, "blind", (1, -1))

    page = text_of(send(client, case, "take_over", label=str(Label.objects.get(labeler=bob).pk)))

    assert "a copy of that label trains" in page
    assert Label.objects.get(origin="reviewer").finish_reason == "solution"
    assert send(client, case, "take_over", label="x").status_code == 404


def test_f10_another_reviewer_is_told_who_has_begun_and_sees_nothing(client, case, project, client_for, alice):
    send(client, case, "blind", (1, -1))
    rob = client_for(factories.member(project, "reviewer", "rob"))

    page = page_of(rob, case)

    assert "Another reviewer has begun to decide this solution." in page
    assert "<b>rita</b>" in page
    assert not any(mark in page for mark in MARKS)
    refused = send(rob, case, "decide", (1, -1))
    assert (refused.status_code, "Another reviewer has begun" in text_of(refused)) == (400, True)
    assert "Put it back" not in page


def test_f10_what_was_begun_is_put_back(client, case):
    send(client, case, "blind", (1, -1))

    page = text_of(send(client, case, "put_back"))

    assert "It waits for a reviewer again." in page
    assert "You have seen what the others say of this solution" in page
    assert "Keep my judgement" not in page
    assert "You have seen" in text_of(send(client, case, "blind", (1, -1)))


def test_f10_a_labeler_of_the_solution_cannot_judge_it_as_a_reviewer(case, alice, client_for):
    alice.user.membership_set.update(role="reviewer")

    answer = send(client_for(alice.user), case, "blind", (1, -1))

    assert "You have labeled this solution yourself" in text_of(answer)


def test_f10_a_solution_without_a_disagreement_and_an_act_that_there_is_not_are_not_there(client, case, project):
    agreed = factories.solution(project)

    assert client.get(f"{URL}{agreed.pk}/").status_code == 404
    assert send(client, case, "shrug").status_code == 404
    assert client.get(f"{URL}?show=everything").status_code == 404


def test_f10_there_is_a_word_where_there_is_nothing(client, project):
    for show, words in (
        ("open", "nothing for you to decide"),
        ("begun", "Nobody has begun"),
        ("decided", "Nothing has"),
    ):
        assert words in page_of(client, f"{URL}?show={show}")


def test_f11_a_lead_makes_a_decided_solution_gold_with_more_steps_than_the_decided_one(
    client, case, disputed, dana, client_for
):
    send(client, case, "blind", (1, -1))
    send(client, case, "decide", (1, -1))
    assert "A project lead can make it gold." in page_of(client, case)
    assert send(client, case, "promote", error_steps=["1"]).status_code == 403
    lead = client_for(dana)
    assert '<input type="checkbox" name="error_steps" value="1" checked>' in page_of(lead, case)

    page = text_of(send(lead, case, "promote", error_steps=["1", "2"], explanation="Look at step 2."))

    assert "Accepted first errors: steps 2, 3" in page
    assert (Gold.objects.get().error_steps, Gold.objects.get().origin) == ([1, 2], "adjudication")
    assert "change that one" in text_of(send(lead, case, "promote", error_steps=["1"]))


def test_f11_the_decided_step_cannot_be_left_out(client, case, dana, client_for):
    send(client, case, "blind", (1, -1))
    send(client, case, "decide", (1, -1))

    assert "What was decided has to be among" in text_of(send(client_for(dana), case, "promote", error_steps=["2"]))


def test_f10_the_home_page_leads_reviewers_to_their_work(client, project):
    assert URL in page_of(client, "/")


@pytest.mark.parametrize("many", [1, 3])
def test_f10_the_list_asks_as_many_questions_for_many_rows_as_for_one(
    many, alice, bob, client, django_assert_num_queries
):
    for _ in range(many):
        factories.disagreement(alice, bob)

    # session · user · membership with project · exclusions · open, begun, decided · how many rows · rows · labels of each
    with django_assert_num_queries(10):
        assert page_of(client).count(">Judge<") == many


@pytest.mark.parametrize("people", [2, 3])
def test_f10_a_case_asks_as_many_questions_for_many_labels_as_for_few(
    people, client, rita, alice, bob, disputed, case, django_assert_num_queries
):
    if people == 3:
        factories.label(factories.member(disputed.project, "labeler"), (-1,))
    adjudication.judge_blind(
        project=disputed.project, solution=disputed.pk, judgement=factories.judgement((1, -1)), by=rita
    )

    # session · user · membership with project · solution with case · labels · their ratings · decision
    with django_assert_num_queries(7):
        assert page_of(client, case).count("Take over") == people
