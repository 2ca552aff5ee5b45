"""What leads see of a solution, and what is kept from them."""

from annotation.services import adjudication, gold
from tests import factories
from tests.labeling_ui.test_ml_pages import page_of


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
