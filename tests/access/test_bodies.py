"""N10: an id in a body that belongs to another project is as if it were not there."""

import json

import pytest
from django.test import Client

from annotation.models import Adjudication, Disagreement, Gold, Label, Membership, Message, Project, Slot
from annotation.services import adjudication, queue, tokens
from annotation.services.judgements import Judgement, Rating
from tests import factories
from tests.annotation.test_api import label_body

pytestmark = pytest.mark.django_db


def call(user, method, path, body):
    secret = tokens.make(by=user, name="test", scopes=["manage"], days=1)[1]
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"/api/v1/projects/{path}"
    return Client().generic(method, url, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def theirs(alice):
    """A slot of alice's project that she holds."""
    factories.queued(alice.project, 1)
    return queue.claim_next(project=alice.project, by=alice)


@pytest.mark.parametrize("place", ["heartbeat", "labels", "alternatives", "critiques", "dialogue"])
def test_n10_a_slot_of_another_project_is_nobody_s_whatever_its_token(place, theirs, charlie):
    body = label_body({"slot": theirs.slot, "lease_token": str(theirs.lease_token)}) | {"step": 0, "turns": []}

    answer = call(charlie.user, "POST", f"elsewhere/{place}", body)

    assert answer.status_code in (404, 409)
    assert answer.json()["code"] in ("not_found", "lease_lost")
    assert not Label.objects.exists()
    assert Slot.objects.get(pk=theirs.slot).lease_owner_id is not None


def test_n10_a_message_reaches_nobody_of_another_project_and_is_about_none_of_its_labels(alice, charlie):
    factories.queued(alice.project, 1)
    label = factories.label(alice)
    lead = factories.member(charlie.project, "lead")

    to = call(lead, "POST", "elsewhere/messages", {"text": "Hello.", "to": str(alice.pseudonym)})
    about = call(lead, "POST", "elsewhere/messages", {"text": "Hello.", "label": str(label.pk)})

    assert (to.status_code, about.status_code) == (404, 404)
    assert not Message.objects.exists()


def test_n10_a_solution_of_another_project_does_not_become_gold(alice, charlie):
    lead, solution = factories.member(charlie.project, "lead"), factories.solution(alice.project)

    answer = call(lead, "POST", "elsewhere/gold", {"solution": solution.pk, "kind": "hidden", "error_steps": []})

    assert answer.status_code == 404
    assert not Gold.objects.exists()


def test_n10_a_label_of_another_project_is_not_taken_over(alice, charlie):
    factories.queued(alice.project, 1)
    label = factories.label(alice)
    lead, solution = factories.member(charlie.project, "lead"), factories.solution(charlie.project)
    Disagreement.objects.create(project=charlie.project, solution=solution)
    ratings = [Rating(step=step, rating=1) for step in range(len(solution.steps))]
    judgement = Judgement(finish_reason="solution", ratings=ratings, total_time_ms=0)
    adjudication.judge_blind(project=charlie.project, solution=solution.pk, judgement=judgement, by=lead)

    answer = call(lead, "POST", f"elsewhere/adjudication/{solution.pk}/take-over", {"label": str(label.pk)})

    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_to_decide")
    assert Adjudication.objects.get().label is None


def test_n10_settings_and_instructions_of_one_project_leave_the_other_as_it_is(alice, charlie):
    lead = factories.member(charlie.project, "lead")
    before = Project.objects.filter(slug="algebra").values().get()

    call(lead, "PATCH", "elsewhere/settings", {"reopen_hours": 1, "answer_policy": "never", "alternatives": 0})
    call(lead, "PATCH", "elsewhere/settings/rounds", {"strategy": "random", "base_model": "toy"})
    told = {"text": "Others.", "changes": "All.", "must_acknowledge": True, "based_on": 1}
    assert call(lead, "POST", "elsewhere/instructions", told).status_code == 201

    assert Project.objects.filter(slug="algebra").values().get() == before
    factories.queued(alice.project, 1)
    assert call(alice.user, "POST", "algebra/claim", {}).json()["assignment"]["policies"]["answer"] == "always"
    assert not Membership.objects.filter(user=lead, project__slug="algebra").exists()
