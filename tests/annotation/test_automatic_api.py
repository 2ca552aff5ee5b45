"""Automatic labels by the API, and what labelers hear of them: nothing (rows K8, A4)."""

import json

import pytest

from annotation.models import AutomaticSource, Sampling
from annotation.services import automatic, consensus, generators, sampling
from tests import factories
from tests.annotation.test_consensus import CASES, judged, says

pytestmark = pytest.mark.django_db
API = "/api/v1/projects/algebra"
TOLD = ("automatic", "completer", "estimates", "rollouts", "disagree", "overlap")


def post(client, path, body=None):
    return client.post(f"{API}/{path}", json.dumps(body or {}), content_type="application/json")


def test_k8_rollouts_are_asked_for_watched_and_stopped(mel, project, client_for):
    factories.solution(project, steps=["x" * 40, "y" * 40, "z" * 40])
    client = client_for(mel)

    size = client.get(f"{API}/automatic-labels/size?rollouts=4&from_start=true").json()
    made = post(client, "automatic-labels", {"kind": "rollouts", "name": "a", "generator": "toy", "rollouts": 4})
    pk = made.json()["id"]
    stopped = post(client, f"automatic-labels/{pk}/cancel").json()

    assert size == {"solutions": 1, "steps": 3, "tokens": 240}
    assert made.status_code == 202
    assert AutomaticSource.objects.get().asked["rollouts"] == 4
    assert stopped["job"]["state"] == "cancelled"
    assert [one["name"] for one in client.get(f"{API}/automatic-labels").json()] == ["a"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "rollouts", "name": "a"}, 400, "invalid"),
        ({"kind": "model", "name": "a"}, 400, "invalid"),
        ({"kind": "model", "name": "a", "version": 99}, 400, "no_such_version"),
        ({"kind": "rollouts", "name": "a", "generator": "/etc"}, 400, "unknown_generator"),
        ({"kind": "rollouts", "name": "a", "generator": "https://x.example/v1#m"}, 400, "server_not_allowed"),
        ({"kind": "rollouts", "name": "a", "generator": "toy", "which": "labeled"}, 409, "nothing_to_label"),
    ],
)
def test_what_cannot_be_done_is_refused(body, status, code, mel, project, client_for):
    factories.solution(project)

    answer = post(client_for(mel), "automatic-labels", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not AutomaticSource.objects.exists()


@pytest.mark.parametrize(
    ("generator", "is_allowed"),
    [
        ("https://models.example.org/v1#qwen", True),
        ("https://models.example.org:8443/v1#qwen", False),
        ("https://models.example.org.evil.example/v1#qwen", False),
        ("https://user@models.example.org/v1#qwen", False),
        ("https://models.example.org/v1", False),
        ("https://models.example.org/v1#", False),
        ("HTTPS://other.example.org/v1#qwen", False),
        ("https://[nonsense/v1#qwen", False),
    ],
)
def test_a_server_is_asked_only_at_an_origin_that_is_allowed(generator, is_allowed, settings):
    settings.GENERATOR_ORIGINS = ["https://models.example.org"]

    if is_allowed:
        generators.check_server(generator)
    else:
        with pytest.raises(generators.ServerNotAllowed):
            generators.check_server(generator)


def test_k8_a_source_tells_its_labels_its_agreement_and_sends_what_differs(alice, mel, project, client_for):
    source = judged(project, alice, *CASES)
    client = client_for(mel)

    page = client.get(f"{API}/automatic-labels/{source.pk}").json()
    labels = client.get(f"{API}/automatic-labels/{source.pk}/labels").json()
    sent = post(client, f"automatic-labels/{source.pk}/send-disagreements", {"most": 3}).json()
    more = post(client, f"automatic-labels/{source.pk}/send-disagreements").json()

    assert page["comparison"]["first_errors"]["same"] == 2
    assert page["comparison"]["both_good"] + page["comparison"]["both_bad"] == 10
    assert (labels["count"], labels["labels"][0]["ratings"]) == (6, [1, 1, 1])
    assert labels["labels"][0]["advantages"] is None
    assert page["comparison"]["is_all"]
    assert (len(page["to_send"]["solutions"]), page["to_send"]["left_out"]) == (4, {})
    assert sent == {"queued": 3, "left_out": {}, "later": 1}
    assert more == {"queued": 1, "left_out": {"sent": 3}, "later": 0}
    assert post(client, f"automatic-labels/{source.pk}/send-disagreements").json()["code"] == "nothing_to_send"


def test_a4_solutions_are_asked_for_and_stopped(dana, project, client_for):
    factories.problem(project)
    client = client_for(dana)

    made = post(client, "samplings", {"generator": "toy", "per_problem": 3})
    pk = made.json()["id"]

    assert made.status_code == 202
    assert Sampling.objects.get().asked["per_problem"] == 3
    assert client.get(f"{API}/samplings/{pk}").json()["batch"] is None
    assert post(client, f"samplings/{pk}/cancel").json()["job"]["state"] == "cancelled"
    assert [one["id"] for one in client.get(f"{API}/samplings").json()] == [pk]


def test_a_run_needs_a_sound_problem(dana, project):
    factories.problem(project, split="test")

    with pytest.raises(sampling.NoProblems):
        sampling.request_solutions(project=project, by=dana, wanted=sampling.Wanted("toy"))


def labelers_hear(client):
    """All that a labeler's page and its programs ask, from the claim to the corrected label, as one text."""
    texts = [post(client, "claim").content.decode(), client.get("/p/algebra/label/").content.decode()]
    texts += [client.get(f"/p/algebra/{page}/").content.decode() for page in ("work", "instructions", "practice")]
    texts += [client.get(f"{API}/{route}").content.decode() for route in ("", "work", "inbox", "labels")]
    return "".join(texts)


def test_k8_labelers_hear_nothing_of_automatic_labels_before_and_after_they_commit(
    alice, bob, dana, project, client_for
):
    source = judged(project, alice, ((1, 1, 1), (1, -1, -1)))
    consensus.send_disagreements(source=source, by=dana)
    client = client_for(bob.user)

    before = labelers_hear(client)
    given = factories.label(bob, (1, -1))
    after = labelers_hear(client) + client.get(f"{API}/labels/{given.pk}/reopen").content.decode()
    refused = [
        client.get(f"/p/algebra/automatic/{path}").status_code
        for path in ("", "list/", f"{source.pk}/", f"{source.pk}/state/")
    ]

    assert given.solution.steps[0] in before
    for text in (before, after):
        assert [word for word in TOLD if word in text.lower()] == []
    assert refused == [403] * 4


def test_k8_what_a_labeler_is_given_is_the_same_with_automatic_labels_and_without(alice, project, client_for):
    factories.queued(project, 1)
    client = client_for(alice.user)
    first = post(client, "claim").json()
    source = factories.automatic_source(project)
    solution = project.solution_set.get(slot__lease_owner=alice)

    says(source, solution, -1, -1, -1)

    again = post(client, "claim").json()
    for one in (first, again):
        del one["assignment"]["lease_until"]
    assert again == first


def test_a_name_is_given_once_in_a_project(dana, project):
    factories.solution(project)
    asked = {"project": project, "by": dana, "name": "a", "choice": automatic.Choice()}
    automatic.request_labels(**asked, how=automatic.Rollouts("toy"))

    with pytest.raises(automatic.SourceNameTaken):
        automatic.request_labels(**asked, how=automatic.Rollouts("toy", seed=1))
