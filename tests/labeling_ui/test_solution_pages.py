"""What leads see of a solution, and what is kept from them."""

import csv

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Label, StepRating
from annotation.services import adjudication, gold
from tests import factories
from tests.labeling_ui.test_ml_pages import page_of
from tests.labeling_ui.test_report_pages import correct


def test_what_people_rated_is_kept_from_a_lead_who_may_have_to_judge_it(alice, bob, dana, mel, client_for):
    carl = factories.member(alice.project, "reviewer", "carl")
    disputed = factories.disagreement(alice, bob)
    url = f"/p/algebra/solutions/{disputed.pk}/"
    lead, case = client_for(dana), f'<a href="/p/algebra/adjudication/{disputed.pk}/">Judge it</a>'

    assert case in page_of(lead, url)
    assert "People:" not in page_of(lead, url)
    assert "People:" in page_of(client_for(mel), url)  # who decides nothing

    judge = {"project": disputed.project, "solution": disputed.pk, "judgement": factories.judgement((1, -1))}
    adjudication.judge_blind(**judge, by=carl)
    assert "People:" not in page_of(lead, url)  # Carl may put it back
    adjudication.decide(**judge, by=carl)
    assert "People:" in page_of(lead, url)
    assert case not in page_of(lead, url)


@pytest.fixture
def rita(project):
    return factories.member(project, "reviewer", "rita")


def act(solution, by, act=adjudication.judge_blind, ratings=(1, -1)):
    act(project=solution.project, solution=solution.pk, judgement=factories.judgement(ratings), by=by)


def judge_first(solution):
    """What stands in place of what the labelers said."""
    case = f'<a href="/p/algebra/adjudication/{solution.pk}/">judge it</a>'
    return f"Somebody has to decide about it, and you may be the one: {case} first."


def unsure(alice, bob):
    """A solution in dispute; alice, who found an error, was unsure about an alternative to it."""
    disputed = factories.disagreement(alice, bob)
    label = Label.objects.get(labeler=alice, solution=disputed)
    StepRating.objects.create(label=label, step=1, option=1, text="No.", rating=1, flagged=True)
    return disputed


def test_the_page_of_a_labeler_keeps_from_a_lead_what_they_may_have_to_judge(alice, bob, dana, rita, client_for):
    disputed, lead = unsure(alice, bob), client_for(dana)
    page, api = f"/p/algebra/labelers/{alice.pk}/", f"/api/v1/projects/algebra/labelers/{alice.pseudonym}"

    def told():
        found = lead.get(api).json()
        return found["labels"][0]["finish_reason"], [found["unsure"][0][name] for name in ("step", "rating", "text")]

    act(disputed, rita)  # who may put it back
    assert page_of(lead, page).count(judge_first(disputed)) == 2  # the label, and the mark
    assert "Error found" not in page_of(lead, page)
    assert "Great" not in page_of(lead, page)
    assert told() == (None, [None, None, None])

    act(disputed, rita, adjudication.decide)
    assert judge_first(disputed) not in page_of(lead, page)
    assert "<td>Error found</td>" in page_of(lead, page)
    assert '<td class="number">2</td><td>Great</td>' in page_of(lead, page)
    assert told() == ("found_error", [1, 1, "No."])


def test_the_audit_keeps_corrections_from_a_lead_who_may_have_to_judge_them(alice, bob, dana, rita, client_for):
    disputed, lead = factories.disagreement(alice, bob), client_for(dana)
    correct(Label.objects.get(labeler=alice), ratings=(-1,))

    def told():
        (entry,) = lead.get("/api/v1/projects/algebra/audit?what=label").json()["entries"]
        _, *rows = csv.reader(lines_of(lead.get("/p/algebra/audit/?format=csv&what=label")))
        return entry["to_judge"], [one["field"] for one in entry["changes"]], [row[5:] for row in rows]

    page = page_of(lead, "/p/algebra/audit/?what=label")
    assert f"solution {disputed.pk}" in page
    assert judge_first(disputed) in page
    assert "<code>ratings</code>" not in page
    assert told() == (disputed.pk, [], [["", "", ""]])

    act(disputed, rita)
    act(disputed, rita, adjudication.decide)
    page = page_of(lead, "/p/algebra/audit/?what=label")
    assert judge_first(disputed) not in page
    assert "<code>ratings</code>" in page
    assert told() == (None, ["ratings"], [["ratings", "[[0, 0, 1], [1, 0, -1]]", "[[0, 0, -1]]"]])


def test_the_audit_keeps_what_a_reviewer_thought_who_put_it_back_from_the_next_one(alice, bob, dana, rita, client_for):
    disputed, lead = factories.disagreement(alice, bob), client_for(dana)
    act(disputed, rita)
    adjudication.put_back(project=disputed.project, solution=disputed.pk, by=rita)
    url = "/p/algebra/audit/?what=put+back"

    assert judge_first(disputed) in page_of(lead, url)
    assert "<code>blind</code>" not in page_of(lead, url)
    assert "found_error" not in "".join(lines_of(lead.get(f"{url}&format=csv")))

    act(disputed, dana)
    assert judge_first(disputed) not in page_of(lead, url)
    assert "<code>blind</code>" in page_of(lead, url)
    assert "found_error" in "".join(lines_of(lead.get(f"{url}&format=csv")))


@pytest.mark.parametrize("place", ["labelers/{}/", "audit/?what=label"])
def test_what_is_kept_from_a_lead_takes_no_more_queries_where_it_is_more(place, alice, bob, dana, client_for):
    lead, url, asked = client_for(dana), f"/p/algebra/{place.format(alice.pk)}", []

    for shown in (1, 2, 3):
        disputed = unsure(alice, bob)
        correct(Label.objects.get(labeler=bob, solution=disputed), ratings=(-1,))
        with CaptureQueriesContext(connection) as queries:
            assert page_of(lead, url).count("you may be the one") >= shown
        asked.append(len(queries))

    assert asked == [asked[0]] * 3


def lines_of(answer):
    return b"".join(answer.streaming_content).decode().splitlines()


def test_a_lead_makes_gold_of_a_solution_where_it_stands(project, dana, mel, client_for):
    solution = factories.solution(project)
    pages = (f"/p/algebra/solutions/{solution.pk}/", f"/p/algebra/problems/{solution.problem_id}/")
    link = f'<a href="/p/algebra/quality/gold/new/?solution={solution.pk}">Make it gold</a>'

    for page in pages:
        assert link in page_of(client_for(dana), page)
    assert link not in page_of(client_for(mel), pages[0])

    known = gold.add_gold(solution=solution, kind="hidden", error_steps=[1], by=dana)
    for page in pages:
        found = page_of(client_for(dana), page)
        assert f'href="/p/algebra/quality/gold/{known.pk}/"' in found
        assert link not in found
