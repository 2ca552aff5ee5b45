"""The REST API as its clients see it."""

import uuid

import pytest
from django.db import OperationalError
from django.test import Client

from annotation.models import Label, Round, Slot
from labeling_ui.second_factor import BACKEND
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1/projects"


def post(client, path, body=None, **headers):
    return client.post(f"{API}/{path}", body or {}, content_type="application/json", **headers)


def label_body(assignment, ratings=(1, 1, 1), **values):
    return {
        "id": str(uuid.uuid4()),
        "slot": assignment["slot"],
        "lease_token": assignment["lease_token"],
        "finish_reason": "found_error" if ratings[-1] == -1 else "solution",
        "ratings": [{"step": step, "option": 0, "rating": rating, "ms": 5} for step, rating in enumerate(ratings)],
        "total_time_ms": 30,
        "active_ms": 20,
        "instructions_version": 1,
        "shown": {"answer": True},
    } | values


@pytest.fixture
def client(alice, client_for):
    factories.queued(alice.project, 3)
    return client_for(alice.user)


def test_a_labeler_claims_submits_and_gets_the_next_solution(client):
    first = post(client, "algebra/claim").json()["assignment"]

    answer = post(client, "algebra/labels", label_body(first, (1, -1)))

    assert answer.status_code == 201
    body = answer.json()
    assert body["label"]["late"] is False
    assert body["done_today"] == 1
    assert body["assignment"]["slot"] != first["slot"]


def test_sending_a_label_again_is_answered_with_200(client):
    body = label_body(post(client, "algebra/claim").json()["assignment"])
    post(client, "algebra/labels", body)

    answer = post(client, "algebra/labels", body)

    assert (answer.status_code, answer.json()["replay"]) == (200, True)
    assert Label.objects.count() == 1


def test_the_assignment_tells_nothing_that_a_model_or_a_lead_knows(client):
    assignment = post(client, "algebra/claim").json()["assignment"]

    assert set(assignment) == {
        "slot",
        "lease_token",
        "lease_until",
        "problem",
        "steps",
        "policies",
        "instructions_version",
        "draft",
        "supersedes",
    }
    assert set(assignment["problem"]) == {"text", "subject", "answer"}


def test_the_answer_is_shown_only_if_the_project_wants_it(alice, client):
    assert post(client, "algebra/claim").json()["assignment"]["problem"]["answer"] == "2"

    alice.project.answer_policy = "never"
    alice.project.save()

    assert post(client, "algebra/claim").json()["assignment"]["problem"]["answer"] is None


def test_an_empty_queue_answers_null(client):
    Slot.objects.update(state="void")

    assert post(client, "algebra/claim").json() == {"assignment": None, "ahead": None}


def test_a_refusal_is_a_code_and_a_sentence(client):
    assignment = post(client, "algebra/claim").json()["assignment"]

    answer = post(client, "algebra/labels", label_body(assignment, (1, 1)))

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "incomplete_label",
        "detail": "A solution is finished when every step is rated and none is bad.",
    }


def test_wrong_fields_are_named(client):
    assignment = post(client, "algebra/claim").json()["assignment"]

    answer = post(client, "algebra/labels", label_body(assignment, finish_reason="bored", total_time_ms=-1))

    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"finish_reason", "total_time_ms"}


def test_a_heartbeat_renews(client):
    mine = post(client, "algebra/claim").json()["assignment"]
    beat = {"slot": mine["slot"], "lease_token": mine["lease_token"], "draft": {"ratings": []}}

    assert post(client, "algebra/heartbeat", beat).json()["lease_until"] >= mine["lease_until"]
    assert post(client, "algebra/heartbeat", beat | {"lease_token": str(uuid.uuid4())}).json()["code"] == "lease_lost"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "algebra/claim"),
        ("post", "algebra/heartbeat"),
        ("post", "algebra/labels"),
        ("get", "algebra/rounds"),
        ("post", "algebra/rounds"),
        ("get", "algebra/rounds/0"),
        ("post", "algebra/rounds/0/cancel"),
    ],
)
@pytest.mark.parametrize("who", ["nobody", "charlie", "alice", "dana", "mel"])
def test_everybody_reaches_what_is_theirs_and_nothing_else(
    method, path, who, project, alice, charlie, dana, mel, client_for
):
    factories.queued(project, 1)
    people = {"charlie": charlie.user, "alice": alice.user, "dana": dana, "mel": mel}
    client = Client() if who == "nobody" else client_for(people[who])

    status = getattr(client, method)(f"{API}/{path}", {}, content_type="application/json").status_code

    labeling, reading = path.rpartition("/")[2] in ("claim", "heartbeat", "labels"), method == "get"
    allowed = {"alice": labeling, "dana": reading, "mel": not labeling}
    expected = {"nobody": 401, "charlie": 404}.get(who) or (None if allowed[who] else 403)
    if expected:
        assert status == expected
    else:
        assert status not in (401, 403, 404, 500)


def test_a_write_without_the_csrf_token_is_refused(alice, project):
    factories.queued(project, 1)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user, backend=BACKEND)

    assert post(client, "algebra/claim").status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        '{"draft": ' + "[" * 3000 + "]" * 3000 + "}",
        '{"draft": {"a": "\\u0000"}}',
        '{"draft": {"a": "\\ud800"}}',
        '{"draft": {"a": 1e999}}',
        '{"draft": {"a": NaN}}',
        '{"slot": 99999999999999999999999}',
        "{",
        "[]",
        "null",
    ],
)
def test_hostile_bodies_are_a_400(client, body):
    answer = client.post(f"{API}/algebra/heartbeat", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] in ("parse_error", "invalid")


def test_only_json_is_taken(client):
    assert client.post(f"{API}/algebra/heartbeat", {"a": 1}).status_code == 415


def test_while_the_database_is_away_the_answer_is_503_and_when_to_try_again(client, monkeypatch):
    def away(**_):
        raise OperationalError("connection refused")

    monkeypatch.setattr("annotation.services.queue.next_work", away)

    answer = post(client, "algebra/claim")

    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "3", "database_away")


def test_ml_staff_start_watch_and_cancel_a_round(mel, project, client_for):
    factories.solution(project)
    client = client_for(mel)

    started = post(client, "algebra/rounds", {"problems": 5, "seed": 7})
    again = post(client, "algebra/rounds")
    watched = client.get(f"{API}/algebra/rounds/0").json()
    cancelled = post(client, "algebra/rounds/0/cancel")

    assert (started.status_code, again.status_code, again.json()["code"]) == (201, 409, "round_running")
    assert (watched["state"], watched["job"]["state"]) == ("running", "queued")
    assert cancelled.json()["state"] == "cancelled"
    assert Round.objects.get().seed == 7


def test_my_projects_are_listed_with_my_role(alice, charlie, client_for):
    (mine,) = client_for(alice.user).get(API).json()

    assert mine == {"slug": "algebra", "name": "Algebra", "phase": 2, "role": "labeler"}


def test_the_schema_describes_every_route(client):
    schema = client.get("/api/schema/?format=json").json()

    assert {"/api/v1/projects/{slug}/labels", "/api/v1/projects/{slug}/rounds"} <= set(schema["paths"])


def test_no_cache_keeps_what_the_api_answers(client):
    assert "no-store" in post(client, "algebra/claim")["Cache-Control"]
