"""Models over the REST API: for ML staff and leads, never for labelers."""

import warnings

import pytest

from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round
from tests.labeling_ui.test_model_pages import TRAINED, score
from tests.labeling_ui.test_selector_pages import two_selectors

API = "/api/v1/projects/algebra"


@pytest.mark.parametrize("path", ["models", "models/{model}", "solutions/{solution}/scores"])
def test_models_answer_ml_staff_and_leads_and_never_labelers(
    path, project, alice, mel, dana, charlie, client_for, client
):
    model = finished_round(project, metrics=TRAINED).selector
    solution = factories.solution(project)
    score(model, solution, 0.9, 0.4, 0.9)
    url = f"{API}/{path}".format(model=model.pk, solution=solution.pk)

    assert [client_for(user).get(url).status_code for user in (mel, dana)] == [200, 200]
    refused = [client_for(user.user).get(url) for user in (alice, charlie)]
    assert [answer.status_code for answer in refused] == [403, 404]
    assert [set(answer.json()) for answer in refused] == [{"code", "detail"}] * 2
    assert client.get(url).status_code == 401


def test_the_models_of_a_project_come_newest_first(project, mel, client_for):
    first, second = two_selectors(project)

    newest, oldest = client_for(mel).get(f"{API}/models").json()

    assert (newest["id"], newest["state"], newest["held_back_because"]) == (second.pk, "candidate", "worse")
    assert (oldest["id"], oldest["state"], oldest["held_back_because"]) == (first.pk, "active", None)
    assert newest["round"] == 1
    assert oldest["metrics"]["step_auc"] == METRICS["step_auc"]


def test_a_model_comes_with_what_it_says_of_the_pool(project, mel, client_for):
    model = finished_round(project, metrics=TRAINED).selector
    right, wrong = (factories.solution(project, grade=grade) for grade in ("correct", "wrong"))
    score(model, right, 0.9, 0.4, 0.9)
    score(model, wrong, 0.99, 0.99, 0.99)

    told = client_for(mel).get(f"{API}/models/{model.pk}").json()

    assert told["model"]["metrics"]["losses"] == TRAINED["losses"]
    assert told["chose_for"] == [{"round": 0, "picks": 0}]
    assert sum(told["scores"]["spread"]["right"]) == sum(told["scores"]["spread"]["wrong"]) == 1
    (low,) = told["scores"]["right_answer_low_step"]["solutions"]
    assert (low["solution"], low["steps"], low["minimum"]) == (right.pk, 3, 0.4)
    assert [one["solution"] for one in told["scores"]["wrong_answer_high_score"]["solutions"]] == [wrong.pk]
    assert told["scores"]["length_bias"]["solutions"] == 2


def test_a_solution_comes_with_the_opinion_of_every_model_on_every_step(project, mel, client_for):
    solution = factories.solution(project, grade="wrong")
    for right in ((0.9, 0.4, 0.9), (0.9, 0.85, 0.81)):
        score(finished_round(project, metrics=TRAINED).selector, solution, *right)

    told = client_for(mel).get(f"{API}/solutions/{solution.pk}/scores").json()

    newest, oldest = told["scores"]
    assert (oldest["first_error"], newest["first_error"]) == (1, None)
    assert oldest["steps"][1] == {"right": 0.4, "positive": 0.4, "neutral": 0.0, "negative": 0.6}
    assert (told["grade"], told["steps"]) == ("wrong", solution.steps)


def test_what_is_not_of_the_project_is_not_there(mel, charlie, client_for):
    other = finished_round(charlie.project, metrics=TRAINED).selector
    foreign = factories.solution(charlie.project)

    for path in (f"models/{other.pk}", f"solutions/{foreign.pk}/scores", f"models/{10**30}"):
        assert client_for(mel).get(f"{API}/{path}").status_code == 404


def test_the_schema_describes_models_without_a_warning(client, db, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = client.get("/api/schema/?format=json").json()

    start = "/api/v1/projects/{slug}"
    paths = {f"{start}/models", f"{start}/models/{{id}}", f"{start}/solutions/{{id}}/scores"}
    assert paths <= {path.replace("{pk}", "{id}") for path in schema["paths"]}
    assert "Warning" not in capsys.readouterr().err
    assert "VersionDetail" in schema["components"]["schemas"]
