"""A generation of labels that is turned round trips the gate, and the selector before goes on (row G12)."""

import pytest

from active_learning.domains import chains
from annotation.models import ModelVersion, Slot
from annotation.services import queue
from tests import factories
from tests.labeling_ui.test_ml_pages import page_of
from tests.workers.test_rounds import label_everything, run_round, toy_project

HELD_BACK = (
    "the newest labels contradict those. Look at who gave them. It was held back, and the round chose by the one"
)


def poison_everything(labeler):
    """What waits in the queue, with every step called the opposite of what it is."""
    while assignment := queue.claim_next(project=labeler.project, by=labeler):
        turned = [-rating or -1 for rating in chains.rate(assignment.problem.text, assignment.steps)]
        factories.submit(labeler, assignment, turned[: turned.index(-1) + 1] if -1 in turned else turned)


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_g12_a_poisoned_generation_leaves_the_selector_before_in_use_and_the_page_says_so(client_for):
    project = toy_project(slug="algebra", problems=400, solutions=3, random_share=0)
    labeler = factories.member(project, "labeler")
    run_round(project)
    label_everything(labeler)
    assert run_round(project, per_problem=2).report["comparison"]["because"] == "first"
    first = ModelVersion.objects.get(state="active")
    poison_everything(labeler)

    third = run_round(project)

    comparison = third.report["comparison"]
    assert (third.state, comparison["because"], comparison["promote"]) == ("done", "contradicted", False), comparison
    assert third.selector == first == ModelVersion.objects.get(state="active")
    assert {slot.served_reason["version"] for slot in Slot.objects.filter(round=third)} == {first.pk}
    client = client_for(factories.member(project, "ml"))
    assert HELD_BACK in page_of(client, "/p/algebra/rounds/2/")
    assert '<span class="tag bad">held back</span>' in page_of(client, "/p/algebra/rounds/")
