"""Explanations of mistakes come in with the solutions that they are about, once however often they are imported."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Critique, Solution
from annotation.services import importing
from annotation.services.import_report import RefusedLine

pytestmark = pytest.mark.django_db

STEPS = ["Two and two.", "That is 5.\n\n# Answer\n\n5"]
SIGN, SUM = "The sign is wrong.", "Two and two is 4."


def sample(*critiques, **values):
    body = {"problem": "What is 2 + 2?", "steps": STEPS, "critiques": list(critiques)}
    return json.dumps(body | values).encode()


def about(step, text, **values):
    return {"step": step, "text": text} | values


def load(project, *lines, **options):
    return importing.import_solutions(
        project=project, lines=lines, source="samples.jsonl", by=None, new_problems="train", **options
    )


def stored():
    return list(Critique.objects.order_by("step", "place").values_list("step", "place", "text", "source"))


def test_critiques_are_kept_in_their_order_for_each_step(project):
    report = load(project, sample(about(1, SUM), about(0, "Of what?", source="critic-7b"), about(1, SIGN)))

    assert stored() == [(0, 0, "Of what?", "critic-7b"), (1, 0, SUM, ""), (1, 1, SIGN, "")]
    assert set(Critique.objects.values_list("solution", "project")) == {(Solution.objects.get().pk, project.pk)}
    assert (report.created, report.critiques) == (1, 3)


def test_the_same_critique_is_there_once_and_a_new_one_comes_after_it(project):
    load(project, sample(about(1, SUM), about(1, SUM)))

    again = load(project, sample(about(1, SUM)), sample(about(1, SIGN), about(1, SUM)))

    assert stored() == [(1, 0, SUM, ""), (1, 1, SIGN, "")]
    assert (again.created, again.critiques) == (0, 1)


@pytest.mark.parametrize("critiques", [None, []])
def test_a_solution_may_have_none(project, critiques):
    report = load(project, sample(critiques=critiques))

    assert (report.created, report.refused_count, Critique.objects.count()) == (1, 0, 0)


def test_they_stay_with_their_own_solution(project):
    load(project, sample(about(0, SUM)), sample(about(0, SIGN), steps=["Two.", STEPS[1]]))

    found = {one.text: one.solution.steps[0] for one in Critique.objects.select_related("solution")}
    assert found == {SUM: "Two and two.", SIGN: "Two."}


@pytest.mark.parametrize(
    ("critiques", "path", "reason"),
    [
        ("none", "critiques", "expected a list, found text"),
        ([SUM], "critiques[0]", "expected an object"),
        ([{"text": SUM}], "critiques[0].step", "the key is missing"),
        ([{"step": 0}], "critiques[0].text", "the key is missing"),
        ([about("0", SUM)], "critiques[0].step", "expected a whole number, found text"),
        ([about(True, SUM)], "critiques[0].step", "expected a whole number, found true or false"),
        ([about(0.0, SUM)], "critiques[0].step", "expected a whole number, found a decimal number"),
        ([about(0, SUM), about(2, SUM)], "critiques[1].step", "there is no step 2: the 2 steps count from 0"),
        ([about(-1, SUM)], "critiques[0].step", "there is no step -1: the 2 steps count from 0"),
        ([about(0, " \n")], "critiques[0].text", "the critique is empty"),
        ([about(0, None)], "critiques[0].text", "expected text, found null"),
        ([about(0, "a\u0000b")], "critiques[0].text", "the text holds a NUL or half of a surrogate pair"),
        ([about(0, SUM, source=7)], "critiques[0].source", "expected text, found a whole number"),
    ],
)
def test_a_line_with_a_bad_critique_is_refused_whole_and_told_where(project, critiques, path, reason):
    report = load(project, sample(critiques=critiques), sample(about(1, SUM), steps=["Four.", STEPS[1]]))

    assert report.refused == [RefusedLine(1, path, reason)]
    assert (report.created, report.critiques) == (1, 1)


def test_a_dry_run_counts_them_and_keeps_none(project):
    report = load(project, sample(about(1, SUM)), dry_run=True)

    assert (report.critiques, Critique.objects.count()) == (1, 0)


@pytest.mark.parametrize("count", [1, 5])
def test_critiques_cost_three_queries_however_many_there_are(project, count):
    load(project, sample())
    with CaptureQueriesContext(connection) as without:
        load(project, sample())

    # their solutions · those that are there · the new ones
    with CaptureQueriesContext(connection) as with_them:
        load(project, sample(*[about(1, f"Reason {n}.") for n in range(count)]))

    assert len(with_them) == len(without) + 3
