"""Alternatives, dialogues, corrections and rules as clients of the API see them."""

from random import Random

import pytest

from active_learning.domains import toy
from annotation.models import Critique, Label, OptionSet, Project, Slot
from annotation.services import guidance, rounds
from tests import factories
from tests.annotation.prm800k import exported
from tests.annotation.test_api import API, label_body, post

pytestmark = pytest.mark.django_db

FIRST, BAD, LAST = "We begin.", "We go wrong.", "So it is.\n\n# Answer\n\n3"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(alice, client_for):
    alice.project.critiques = True
    alice.project.save()
    (slot,) = factories.queued(alice.project, 1, steps=[FIRST, BAD, LAST])
    for text in ("We go right.", "We go round."):
        factories.solution(problem_=slot.solution.problem, steps=[FIRST, text, LAST])
    Critique.objects.create(project=alice.project, solution=slot.solution, step=1, place=0, text="The sign.")
    return client_for(alice.user)


@pytest.fixture
def held(client):
    return post(client, "algebra/claim").json()["assignment"]


def place(assignment, **more):
    return {"slot": assignment["slot"], "lease_token": assignment["lease_token"]} | more


def phase_1(project):
    project.phase = 1
    project.save()


# Phase 2 -------------------------------------------------------------------------------------------------------------


def test_an_error_is_handed_in_with_its_alternatives_and_what_else_was_asked(client, held, alice):
    offered = post(client, "algebra/alternatives", place(held, step=1)).json()
    critiques = post(client, "algebra/critiques", place(held, step=1)).json()
    body = label_body(held, (1, -1))
    body["ratings"] += [{"step": 1, "option": n, "rating": 0, "flagged": n == 2} for n in (1, 2)]
    body["extensions"] = {
        "progress": {"points": 5, "rating": 4},
        "critiques": {"rated": [{"text": critiques["texts"][0], "rating": 1}], "own": ""},
    }

    answer = post(client, "algebra/labels", body)

    assert (offered["is_ready"], sorted(offered["texts"])) == (True, ["We go right.", "We go round."])
    assert critiques == {"texts": ["The sign."]}
    assert answer.status_code == 201
    (line,) = exported(alice.project)
    assert [one["text"] for one in line["label"]["steps"][1]["completions"]] == [BAD, *offered["texts"]]
    assert Label.objects.get().labelextension_set.count() == 2


@pytest.mark.parametrize(
    "progress", [{"points": 4, "rating": 1}, {"points": 3, "rating": 4}, {"points": 3, "rating": 0}]
)
def test_progress_is_one_of_the_points(client, held, progress):
    answer = post(client, "algebra/labels", label_body(held, (-1,), extensions={"progress": progress}))

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["extensions"])


def test_what_is_wrong_with_a_step_that_nobody_explained_is_nothing(client, held):
    assert post(client, "algebra/critiques", place(held, step=0)).json() == {"texts": []}


@pytest.mark.parametrize("settings", [{"critiques": False}, {"phase": 1}])
def test_where_no_explanations_are_asked_for_none_tells_which_step_is_wrong(client, held, settings):
    assert post(client, "algebra/critiques", place(held, step=1)).json() == {"texts": ["The sign."]}

    Project.objects.filter(slug="algebra").update(**settings)

    assert post(client, "algebra/critiques", place(held, step=1)).json() == {"texts": []}


@pytest.mark.parametrize(("arm", "texts"), [("screening", []), ("gold", ["The sign."])])
def test_no_explanation_tells_which_step_is_wrong_in_a_screening_and_gold_looks_like_others(client, held, arm, texts):
    assert post(client, "algebra/critiques", place(held, step=1)).json() == {"texts": ["The sign."]}

    Slot.objects.filter(pk=held["slot"]).update(arm=arm)

    assert post(client, "algebra/critiques", place(held, step=1)).json() == {"texts": texts}


# Corrections ---------------------------------------------------------------------------------------------------------


def test_a_label_is_listed_opened_again_and_corrected(client, held):
    given = post(client, "algebra/labels", label_body(held, (1, 1, 1))).json()["label"]["id"]
    (listed,) = client.get(f"{API}/algebra/labels").json()
    opened = client.get(f"{API}/algebra/labels/{given}/reopen").json()
    body = label_body(opened, (1, -1), supersedes=opened["supersedes"])

    answer = post(client, "algebra/labels", body)

    assert (listed["id"], listed["ratings"], listed["can_reopen"], listed["is_corrected"]) == (
        given,
        [1, 1, 1],
        True,
        False,
    )
    assert (opened["supersedes"], opened["lease_until"], opened["steps"]) == (given, None, [FIRST, BAD, LAST])
    assert [one["rating"] for one in opened["draft"]["ratings"]] == [1, 1, 1]
    assert (answer.status_code, answer.json()["done_today"]) == (201, 1)
    (listed,) = client.get(f"{API}/algebra/labels").json()
    assert (listed["ratings"], listed["is_corrected"]) == ([1, -1], True)
    again = post(client, "algebra/labels", label_body(opened, (-1,), supersedes=given))
    assert (again.status_code, again.json()["code"]) == (409, "already_corrected")


def test_labels_of_others_are_not_there(client, held, bob, client_for):
    given = post(client, "algebra/labels", label_body(held, (1, 1, 1))).json()["label"]["id"]
    theirs = client_for(bob.user)

    assert theirs.get(f"{API}/algebra/labels").json() == []
    assert theirs.get(f"{API}/algebra/labels/{given}/reopen").status_code == 404
    assert client.get(f"{API}/algebra/labels/{NOWHERE}/reopen").status_code == 404
    assert client.get(f"{API}/elsewhere/labels").status_code == 404


# Whatever is not theirs ----------------------------------------------------------------------------------------------

ENDPOINTS = [("alternatives", {"step": 1}), ("critiques", {"step": 1}), ("dialogue", {"turns": []})]


@pytest.mark.parametrize(("endpoint", "more"), ENDPOINTS)
def test_a_slot_that_was_never_theirs_is_not_there(endpoint, more, client, held, bob, charlie, client_for):
    def status(person, slug, **changes):
        return post(client_for(person.user), f"{slug}/{endpoint}", place(held, **more) | changes).status_code

    assert status(bob, "algebra") == 404
    assert status(charlie, "algebra") == 404
    assert status(charlie, "elsewhere") == 404
    assert post(client, f"algebra/{endpoint}", place(held, **more) | {"lease_token": NOWHERE}).status_code == 404
    assert post(client, f"algebra/{endpoint}", place(held, **more) | {"slot": held["slot"] + 99}).status_code == 404
    assert not OptionSet.objects.exists()
    assert post(client, f"algebra/{endpoint}", place(held, **more)).status_code == 200


@pytest.mark.parametrize("who", ["dana", "mel"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("post", endpoint) for endpoint, _ in ENDPOINTS]
    + [("get", "labels"), ("get", f"labels/{NOWHERE}/reopen"), ("get", "acknowledge"), ("post", "acknowledge")],
)
def test_only_labelers_label(who, method, path, dana, mel, client_for):
    person = client_for({"dana": dana, "mel": mel}[who])

    answer = getattr(person, method)(f"{API}/algebra/{path}", {}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_nobody_who_is_not_signed_in_reaches_anything(project, client, db):
    client.logout()

    for endpoint, more in ENDPOINTS:
        assert post(client, f"algebra/{endpoint}", more).status_code == 401
    assert client.get(f"{API}/algebra/labels").status_code == 401
    assert client.get(f"{API}/algebra/labels/{NOWHERE}/reopen").status_code == 401


@pytest.mark.parametrize("endpoint", [endpoint for endpoint, _ in ENDPOINTS] + ["labels", "acknowledge"])
@pytest.mark.parametrize(
    "body",
    [
        '{"turns": ' + "[" * 3000 + "]" * 3000 + "}",
        '{"turns": [{"ratings": [], "own": "\\u0000"}]}',
        '{"turns": [{"ratings": [], "own": "\\ud800"}]}',
        '{"slot": 99999999999999999999999, "version": 99999999999999999999999}',
        '{"step": NaN}',
        '{"slot": 9223372036854775807}',
        "{",
        "[]",
        "null",
        '"text"',
    ],
)
def test_hostile_bodies_are_a_400(client, endpoint, body):
    answer = client.post(f"{API}/algebra/{endpoint}", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] in ("parse_error", "invalid")


@pytest.mark.parametrize(
    ("endpoint", "more"),
    [
        ("alternatives", {"step": -1}),
        ("alternatives", {"step": 10_001}),
        ("alternatives", {"step": True}),
        ("critiques", {"step": "two"}),
        ("dialogue", {"turns": [{"ratings": [2]}]}),
        ("dialogue", {"turns": [{"ratings": [None]}]}),
        ("dialogue", {"turns": [{"ratings": [1] * 101}]}),
        ("dialogue", {"turns": [{"ratings": [], "own": "x" * 20_001}]}),
        ("dialogue", {"turns": [{"ratings": []}] * 1001}),
        ("dialogue", {"turns": {"ratings": []}}),
        ("dialogue", {"turns": ["x"]}),
        ("dialogue", {}),
    ],
)
def test_fields_out_of_their_range_are_named(client, held, endpoint, more):
    answer = post(client, f"algebra/{endpoint}", place(held, **more))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_slot_number_too_large_for_the_database_is_not_there(client):
    body = {"slot": 2**63 - 1, "lease_token": NOWHERE, "step": 1}

    assert post(client, "algebra/alternatives", body).status_code == 404


# Rules ---------------------------------------------------------------------------------------------------------------


def test_who_does_not_know_the_rules_is_told_which_and_goes_on_when_they_do(client, alice, dana):
    guidance.publish_instructions(
        project=alice.project, by=dana, text="New.", changes="Mark links as bad.", must_acknowledge=True
    )

    refused = post(client, "algebra/claim")
    rules = client.get(f"{API}/algebra/acknowledge").json()
    unknown = post(client, "algebra/acknowledge", {"version": 9})
    known = post(client, "algebra/acknowledge", {"version": rules["version"]})

    assert (refused.status_code, refused.json()["code"]) == (409, "rules_changed")
    assert rules == {"version": 2, "changes": "Mark links as bad."}
    assert (unknown.status_code, known.status_code) == (404, 204)
    assert post(client, "algebra/claim").json()["assignment"]


# Phase 1 -------------------------------------------------------------------------------------------------------------


def rated(turns):
    rows = []
    for step, turn in enumerate(turns):
        rows += [{"step": step, "option": n, "rating": rating} for n, rating in enumerate(turn["ratings"])]
        if turn["own"]:
            rows.append({"step": step, "option": len(turn["ratings"]), "rating": None, "text": turn["own"]})
    return rows


def hold_a_dialogue(client, held, rng):
    """Rate at random until there is an answer or patience ends; the label's finish reason and turns."""
    turns = []
    while True:
        position = post(client, "algebra/dialogue", place(held, turns=turns)).json()
        if position["must_write"]:
            final = "\n\n# Answer\n\n7" if rng.random() < 0.3 else ""
            turns[-1]["own"] = f"My own {len(turns)}th step.{final}"
        elif position["is_over"]:
            return "solution", turns
        elif len(turns) > 7 or rng.random() < 0.05:
            return "give_up", turns
        else:
            assert position["is_ready"]
            turns.append({"ratings": [rng.choice((-1, -1, 0, 1)) for _ in position["options"]], "own": ""})


@pytest.mark.slow
def test_whole_dialogues_held_over_http_are_sound_records(alice, client_for):
    rng = Random(11)
    phase_1(alice.project)
    made = []
    for row in toy.problems(3, rng=rng):
        problem = factories.problem(alice.project, text=row["problem"], answer=row["answer"])
        for solution in toy.solutions(row, 8, rng=rng, error_rate=0.3):
            made.append(factories.solution(problem_=problem, steps=solution["steps"]))
    round_, job = factories.running_round(alice.project)
    picks = [rounds.Pick(one.pk, "random", 0.5, {}) for one in made]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    client, ends = client_for(alice.user), []

    while held := post(client, "algebra/claim").json()["assignment"]:
        assert held["steps"] == []
        reason, turns = hold_a_dialogue(client, held, rng)
        body = label_body(held) | {"ratings": rated(turns), "finish_reason": reason, "reason": "Tired."}
        assert post(client, "algebra/labels", body).status_code == 201
        ends.append(reason)

    lines = exported(alice.project)
    assert [line["label"]["finish_reason"] for line in lines] == ends
    assert {"solution", "give_up"} <= set(ends)
    assert len(ends) == 24
    steps = [step for line in lines for step in line["label"]["steps"]]
    assert any(step["human_completion"] for step in steps)
    assert any(step["chosen_completion"] for step in steps)


# Queries -------------------------------------------------------------------------------------------------------------

WHO = 3  # session · user · labeler with membership and project


def test_the_endpoints_of_one_label_count_their_queries(client, held, django_assert_num_queries):
    factories.queued(Slot.objects.get(pk=held["slot"]).project, 3)
    post(client, "algebra/claim")
    post(client, "algebra/alternatives", place(held, step=1))

    # savepoint · renew both · release · both slots
    with django_assert_num_queries(WHO + 4):
        post(client, "algebra/claim")
    # savepoint · renew both · draft · release · messages that wait to be read
    with django_assert_num_queries(WHO + 5):
        post(client, "algebra/heartbeat", place(held, draft={"ratings": []}))
    # lease with slot, solution, problem and project · options
    with django_assert_num_queries(WHO + 2):
        post(client, "algebra/alternatives", place(held, step=1))
    # lease with slot, solution, problem and project · critiques
    with django_assert_num_queries(WHO + 2):
        post(client, "algebra/critiques", place(held, step=1))
    body = label_body(held, (1, -1))
    body["ratings"] += [{"step": 1, "option": n, "rating": 0} for n in (1, 2)]
    # as in test_labeling, and the options
    with django_assert_num_queries(WHO + 15):
        assert post(client, "algebra/labels", body).status_code == 201
    # sent again: savepoint · lock · lease, replay · the label · release; savepoint · renew both · release · both slots;
    # done today
    with django_assert_num_queries(WHO + 10):
        assert post(client, "algebra/labels", body).status_code == 200


@pytest.mark.parametrize("count", [1, 4])
def test_the_list_of_labels_asks_as_often_however_many_there_are(alice, client_for, count, django_assert_num_queries):
    factories.queued(alice.project, count)
    for _ in range(count):
        factories.label(alice)
    client = client_for(alice.user)

    # labels with solution and problem · ratings
    with django_assert_num_queries(WHO + 2):
        assert len(client.get(f"{API}/algebra/labels").json()) == count
    given = Label.objects.first().pk
    # label · slot with all that is shown · newest instructions · lease · ratings · extensions
    with django_assert_num_queries(WHO + 6):
        client.get(f"{API}/algebra/labels/{given}/reopen")


def test_a_position_asks_once_for_each_step(alice, client, held, django_assert_num_queries):
    phase_1(alice.project)
    turns = [{"ratings": [1], "own": ""}]
    options = post(client, "algebra/dialogue", place(held, turns=turns)).json()["options"]

    # lease with slot, solution, problem and project · options of the first step · of the second
    with django_assert_num_queries(WHO + 3):
        position = post(client, "algebra/dialogue", place(held, turns=turns)).json()
    assert position["options"] == options
    assert [step["text"] for step in position["path"]] == [FIRST]
