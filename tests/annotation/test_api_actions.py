"""N2: what leads, reviewers and labelers do on their pages, done by token; and the description of all of it."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from annotation.models import (
    Adjudication,
    Exclusion,
    Gold,
    ImportBatch,
    Instructions,
    Invitation,
    Membership,
    MessageRead,
    Project,
)
from annotation.models.jobs import JobKind
from annotation.services import gold_import, import_work, jobs, tokens
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1"


class Program:
    """Somebody's token, and nothing else."""

    def __init__(self, user, *scopes):
        self.secret = tokens.make(by=user, name="a script", scopes=scopes or ["manage"], days=1)[1]

    def __call__(self, method, path, body=None, content_type="application/json"):
        data = json.dumps(body) if isinstance(body, dict) else body or b""
        headers = {"Authorization": f"Bearer {self.secret}"}
        client = Client(enforce_csrf_checks=True)
        return client.generic(method, API + path, data, content_type=content_type, headers=headers)


@pytest.fixture
def lead(dana):
    return Program(dana)


def test_n2_a_lead_changes_settings_and_is_told_what_is_wrong(lead, project):
    before = lead("GET", "/projects/algebra/settings").json()
    changed = lead(
        "PATCH", "/projects/algebra/settings", {"reopen_hours": before["reopen_hours"] + 1, "critiques": True}
    )
    unknown = lead("PATCH", "/projects/algebra/settings", {"answer_policy": "sometimes"})
    clashing = lead("PATCH", "/projects/algebra/settings/rounds", {"wrong_share": 1.5})

    assert changed.json() == {"changed": ["critiques", "reopen_hours"]}
    assert Project.objects.get(slug="algebra").reopen_hours == before["reopen_hours"] + 1
    assert (unknown.status_code, set(unknown.json()["fields"])) == (400, {"answer_policy"})
    assert (clashing.status_code, clashing.json()["code"]) == (400, "invalid")
    assert "slug" not in before


def test_n2_ml_staff_change_what_rounds_choose_and_nothing_else(mel):
    assert (
        Program(mel)("PATCH", "/projects/algebra/settings/rounds", {"low_water": 1, "high_water": 9}).status_code == 200
    )
    assert Program(mel)("PATCH", "/projects/algebra/settings", {"critiques": True}).status_code == 403


def test_n2_a_phase_that_is_fixed_is_a_409(lead, alice):
    factories.queued(alice.project, 1)
    factories.label(alice)

    answer = lead("PATCH", "/projects/algebra/settings", {"phase": 1})

    assert (answer.status_code, answer.json()["code"]) == (409, "phase_is_fixed")


def test_n2_a_lead_makes_a_project_and_leads_it(lead, dana, alice):
    made = lead("POST", "/projects", {"slug": "geometry", "name": "Geometry"})
    again = lead("POST", "/projects", {"slug": "geometry", "name": "Geometry"})

    assert (made.status_code, made.json()["role"]) == (201, "lead")
    assert (again.status_code, again.json()["code"]) == (409, "slug_taken")
    assert Membership.objects.get(project__slug="geometry").user == dana
    assert Program(alice.user)("POST", "/projects", {"slug": "other", "name": "Other"}).status_code == 403


def test_n2_people_are_invited_promoted_and_let_go(lead, alice, project):
    link = lead("POST", "/projects/algebra/invitations", {"email": "new@example.org", "role": "reviewer"}).json()[
        "link"
    ]
    (open_,) = lead("GET", "/projects/algebra/invitations").json()
    assert Client().get(link.removeprefix("http://testserver")).status_code == 200
    assert lead("DELETE", f"/projects/algebra/invitations/{open_['id']}").status_code == 204
    assert not Invitation.objects.open().exists()

    mine = next(one for one in lead("GET", "/projects/algebra/members").json() if one["name"] == "alice")
    assert (mine["role"], mine["pseudonym"]) == ("labeler", str(alice.pseudonym))
    assert lead("PATCH", f"/projects/algebra/members/{mine['id']}", {"role": "reviewer"}).status_code == 204
    assert Membership.objects.get(pk=mine["id"]).role == "reviewer"
    assert lead("DELETE", f"/projects/algebra/members/{mine['id']}").status_code == 204
    own = next(one for one in lead("GET", "/projects/algebra/members").json() if one["name"] == "dana")
    assert lead("DELETE", f"/projects/algebra/members/{own['id']}").json()["code"] == "last_lead"


def test_n2_a_labeler_is_paused_excluded_and_both_are_undone(lead, alice):
    url = f"/projects/algebra/labelers/{alice.pseudonym}"
    since = (timezone.now() - timedelta(days=1)).isoformat()

    assert lead("POST", f"{url}/pause", {"reason": "A word first."}).status_code == 204
    assert lead("POST", f"{url}/pause", {"reason": "Again."}).json()["code"] == "paused_already"
    assert lead("POST", f"{url}/exclude", {"since": since, "reason": "Copied."}).status_code == 204
    (told,) = lead("GET", "/projects/algebra/quality").json()
    assert (told["state"], told["paused_because"], told["excluded_since"] is not None) == (
        "paused",
        "A word first.",
        True,
    )
    assert lead("POST", f"{url}/lift-exclusion").status_code == 204
    assert lead("POST", f"{url}/reinstate").status_code == 204
    assert not Exclusion.objects.filter(lifted_at=None).exists()


def test_n13_a_lead_publishes_what_must_be_read_and_sees_who_has_read_a_message(lead, alice, project):
    factories.queued(project, 1)
    labeler = Program(alice.user, "label")
    told = {"text": "Read this.", "changes": "All of it.", "must_acknowledge": True, "based_on": 1}
    published = lead("POST", "/projects/algebra/instructions", told).json()
    refused = labeler("POST", "/projects/algebra/claim")
    assert (published["version"], refused.json()["code"]) == (2, "rules_changed")

    assert labeler("POST", "/projects/algebra/acknowledge", {"version": 2}).status_code == 204
    assert labeler("POST", "/projects/algebra/claim").json()["assignment"]
    sent = lead("POST", "/projects/algebra/messages", {"text": "Look again.", "to": str(alice.pseudonym)}).json()
    assert labeler("POST", f"/projects/algebra/messages/{sent['id']}/reply", {"text": "I did."}).status_code == 201
    (told,) = lead("GET", "/projects/algebra/messages").json()
    assert (told["reads"], told["recipients"], told["replies"][0]["text"]) == (1, 1, "I did.")
    assert MessageRead.objects.count() == 1
    assert Instructions.objects.count() == 2


def test_n13_a_labeler_reads_by_token_what_was_written_to_them_and_the_instructions(lead, alice, bob):
    labeler = Program(alice.user, "label")
    lead("POST", "/projects/algebra/messages", {"text": "To all."})
    lead("POST", "/projects/algebra/messages", {"text": "To Bob.", "to": str(bob.pseudonym)})
    mine = lead("POST", "/projects/algebra/messages", {"text": "To you.", "to": str(alice.pseudonym)}).json()
    labeler("POST", f"/projects/algebra/messages/{mine['id']}/reply", {"text": "I see."})

    received = labeler("GET", "/projects/algebra/inbox").json()

    assert [(one["text"], one["is_read"], one["is_to_all"]) for one in received] == [
        ("To all.", False, True),
        ("To you.", True, False),
    ]
    assert [one["text"] for one in received[1]["replies"]] == ["I see."]
    assert labeler("GET", "/projects/algebra/instructions").json()["version"] == 1
    assert labeler("POST", "/projects/algebra/instructions", {"text": "x", "based_on": 1}).status_code == 403


def test_n13_what_is_published_by_the_api_says_what_it_was_written_in_sight_of(lead):
    untold = {"text": "New.", "must_acknowledge": True, "based_on": 1}

    assert lead("POST", "/projects/algebra/instructions", untold).json()["code"] == "changes_untold"
    assert set(lead("POST", "/projects/algebra/instructions", {"text": "New."}).json()["fields"]) == {"based_on"}
    assert lead("POST", "/projects/algebra/instructions", {"text": "New.", "based_on": 1}).status_code == 201
    late = lead("POST", "/projects/algebra/instructions", {"text": "Other.", "based_on": 1})
    assert (late.status_code, late.json()["code"]) == (409, "published_meanwhile")


def test_n2_a_labeler_reads_their_own_figures(alice, project):
    factories.queued(project, 1)
    factories.label(alice, (1, -1))

    figures = Program(alice.user, "label")("GET", "/projects/algebra/work").json()

    assert (figures["labels"], figures["finish_reasons"]["found_error"], len(figures["days"])) == (1, 1, 28)


def test_n2_a_lead_reads_figures_of_people(lead, alice, bob, project):
    solution = factories.disagreement(alice, bob)
    today = timezone.now().date().isoformat()

    one = lead("GET", f"/projects/algebra/labelers/{alice.pseudonym}?days=7").json()
    work = lead("GET", f"/projects/algebra/work-days?since={today}&until={today}").json()
    agreement = lead("GET", "/projects/algebra/agreement").json()

    assert [label["solution"] for label in one["labels"]] == [solution.pk]
    assert len(one["days"]) == 7
    assert {day["pseudonym"]: day["labels"] for day in work} == {str(alice.pseudonym): 1, str(bob.pseudonym): 1}
    assert agreement["shared"] == 1
    assert set(agreement["pairs"][0]["labelers"]) == {str(alice.pseudonym), str(bob.pseudonym)}
    assert lead("GET", "/projects/algebra/behaviour").json() == []
    assert lead("GET", "/projects/algebra/work-days?since=2026-02-01&until=2026-01-01").status_code == 400


@pytest.mark.parametrize("days", ["abc", "0", "-1", "99999999999999999999", "3661"])
def test_n2_days_that_are_none_are_a_400(days, lead):
    assert lead("GET", f"/projects/algebra/labelers?days={days}").status_code == 400


@pytest.mark.parametrize("path", ["reports?show=x", "reports?done=x", "adjudication?show=x", "gold?show=x"])
def test_n2_what_a_query_may_not_ask_is_a_400(path, lead):
    assert lead("GET", f"/projects/algebra/{path}").json()["code"] == "invalid"


def test_n2_reports_that_are_not_done_are_asked_for_by_their_word(lead, alice, project):
    factories.queued(project, 1)
    factories.label(alice)

    counts = {done: lead("GET", f"/projects/algebra/reports?show=disputes&done={done}").json()["count"]
              for done in ("false", "true")}  # fmt: skip

    assert counts == {"false": 1, "true": 0}


def test_n2_a_file_of_gold_that_is_too_large_is_a_413(lead, monkeypatch):
    monkeypatch.setattr(gold_import, "MOST_BYTES", 10)

    answer = lead("POST", "/projects/algebra/gold/file", b"x" * 11, "application/octet-stream")

    assert (answer.status_code, answer.json()["code"]) == (413, "gold_file_too_big")


def test_n2_gold_is_made_corrected_retired_and_brought_back(lead, project):
    solution = factories.solution(project)
    body = {"solution": solution.pk, "kind": "hidden", "error_steps": [1]}

    made = lead("POST", "/projects/algebra/gold", body).json()
    assert lead("POST", "/projects/algebra/gold", body).json()["code"] == "gold_already"
    url = f"/projects/algebra/gold/{made['id']}"
    assert lead("PUT", url, {"kind": "visible", "error_steps": [1, 2]}).json()["error_steps"] == [1, 2]
    assert lead("PUT", url, {"kind": "visible", "error_steps": [99]}).json()["code"] == "no_such_error_step"
    assert lead("POST", f"{url}/retire").status_code == 204
    assert lead("GET", "/projects/algebra/gold?show=retired").json()["count"] == 1
    assert lead("POST", f"{url}/bring-back").status_code == 204
    assert Gold.objects.get().retired_at is None


def test_n2_a_file_of_gold_is_sent_as_the_body(lead):
    line = {"problem": "What is 1 + 1?", "steps": ["It is 3.", "# Answer\n\n3"], "error_steps": [0]}
    body = json.dumps(line).encode() + b"\nnonsense\n"

    checked = lead("POST", "/projects/algebra/gold/file?check=true", body, "application/octet-stream").json()
    assert not Gold.objects.exists()
    told = lead("POST", "/projects/algebra/gold/file", body, "application/octet-stream").json()

    assert told == checked
    assert (told["created"], [one["line"] for one in told["refused"]]) == (1, [2])
    assert [(one["line"], one["path"]) for one in told["doubtful"]] == [(1, "answer")]


def test_n2_a_file_is_sent_and_waits_for_its_check(lead, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    body = b'{"problem": "What is 1 + 1?", "answer": "2"}\n'

    sent = lead("POST", "/projects/algebra/imports?name=a.jsonl", body, "application/octet-stream")
    unnamed = lead("POST", "/projects/algebra/imports", body, "application/octet-stream")
    empty = lead("POST", "/projects/algebra/imports?name=a.jsonl", b"", "application/octet-stream")

    assert (sent.status_code, sent.json()["state"]) == (202, "checking")
    assert (tmp_path / ImportBatch.objects.get().file).read_bytes() == body
    assert (unnamed.status_code, set(unnamed.json()["fields"])) == (400, {"name"})
    assert (empty.status_code, empty.json()["code"]) == (400, "empty_file")
    pk = sent.json()["id"]
    assert lead("POST", f"/projects/algebra/imports/{pk}/confirm").status_code == 409
    assert lead("POST", f"/projects/algebra/imports/{pk}/cancel").status_code == 202


def test_n2_what_a_check_found_doubtful_is_told_before_a_program_confirms(lead, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    body = b'{"problem": "What is 1 + 1?"}\n{"problem": "What is in the figure below?", "answer": "2"}\n'
    pk = lead("POST", "/projects/algebra/imports?name=test.jsonl", body, "application/octet-stream").json()["id"]
    import_work.check(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"), tell=lambda *_: None)

    told = lead("GET", f"/projects/algebra/imports/{pk}").json()["figures"]

    assert told["doubts"] == {"a figure that is not here": 1, "no answer, so that solutions cannot be graded": 1}
    assert [one["number"] for one in told["doubtful_lines"]] == [1, 2]
    assert (told["layouts"], told["folded"], told["critiques"], told["notes"]) == ({"MATH": 2}, 0, 0, {})
    assert told["lines_by_doubts"] == [
        [["a figure that is not here"], 1],
        [["no answer, so that solutions cannot be graded"], 1],
    ]

    url = f"/projects/algebra/imports/{pk}/confirm"
    unknown = lead("POST", url, {"leave_out": ["spelling"]})
    nothing = lead("POST", url, {"without_doubtful": True})
    some = lead("POST", url, {"leave_out": ["a figure that is not here"]})

    assert (unknown.status_code, set(unknown.json()["fields"])) == (400, {"leave_out"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_new")
    assert some.status_code == 202
    import_work.load(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"), tell=lambda *_: None)
    told = lead("GET", f"/projects/algebra/imports/{pk}").json()["figures"]
    assert (told["created"], told["left_out"], told["leave_out"]) == (1, 1, ["a figure that is not here"])


def test_n2_a_reviewer_decides_blind_first(alice, bob, project, dana):
    solution = factories.disagreement(alice, bob)
    reviewer = Program(factories.member(project, "reviewer", "rita"))
    url = f"/projects/algebra/adjudication/{solution.pk}"
    judgement = {"finish_reason": "found_error", "ratings": [{"step": 0, "rating": 1}, {"step": 1, "rating": -1}]}

    def decided(show):
        cases = reviewer("GET", f"/projects/algebra/adjudication?show={show}").json()["cases"]
        return [one["is_decided"] for one in cases]

    assert reviewer("GET", url).json()["opinions"] == []
    assert decided("open") == [False]
    assert reviewer("POST", f"{url}/decide", judgement).json()["code"] == "not_judged_yet"
    assert reviewer("POST", f"{url}/blind", judgement).status_code == 204
    assert len(reviewer("GET", url).json()["opinions"]) == 2
    assert decided("begun") == [False]
    assert reviewer("POST", f"{url}/decide", judgement).status_code == 204
    assert decided("decided") == [True]
    assert Adjudication.objects.get().label.finish_reason == "found_error"
    assert Program(dana)("POST", f"{url}/promote", {"error_steps": [1]}).status_code == 201
    assert Gold.objects.get().error_steps == [1]


def test_n2_an_answer_is_corrected_from_what_was_seen(lead, project):
    problem = factories.problem(project, answer="2")
    url = f"/projects/algebra/problems/{problem.pk}"

    assert lead("GET", f"/projects/algebra/problems?search={problem.text[:12]}").json()["count"] >= 1
    late = lead("PUT", f"{url}/answer", {"old": "1", "new": "3"})
    done = lead("PUT", f"{url}/answer", {"old": "2", "new": "3", "reason": "A slip."})

    assert (late.status_code, late.json()["code"]) == (409, "truth_changed_meanwhile")
    assert done.json()["solutions"] == 0
    assert [(one["old"], one["new"]) for one in lead("GET", url).json()["changes"]] == [("2", "3")]


@pytest.mark.parametrize("path", ["standing", "troubles", "labelers", "quality", "mistakes", "adjudication", "problems",
                                  "imports", "audit", "reports?show=unsure", "reports?show=disputes", "gold"])  # fmt: skip
def test_n2_what_leads_read_is_there_with_labels_in_it(path, lead, alice, project):
    factories.queued(project, 2)
    factories.label(alice, (1, -1))

    assert lead("GET", f"/projects/algebra/{path}").status_code == 200


def test_n2_the_audit_by_api_goes_on_where_it_stopped(lead, project):
    for number in range(3):
        lead("POST", "/projects/algebra/messages", {"text": f"Number {number}."})

    page = lead("GET", "/projects/algebra/audit?what=send+message").json()

    assert [one["who"] for one in page["entries"]] == ["dana"] * 3
    assert page["older"] is None
    assert lead("GET", "/projects/algebra/audit?since=yesterday").status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("PATCH", "settings", {"reopen_hour": 48}, "reopen_hour"),
        ("PATCH", "settings/rounds", {"reopen_hours": 48}, "reopen_hours"),
        ("GET", "audit?whom=dana", None, "whom"),
        ("GET", "reports?kind=disputes", None, "kind"),
        ("GET", "audit?what=import", None, "what"),
    ],
)
def test_n2_a_name_that_is_not_known_is_refused_with_it(lead, project, method, path, body, name):
    answer = lead(method, f"/projects/algebra/{path}", body) if body else lead(method, f"/projects/algebra/{path}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [name]


@pytest.mark.parametrize("path", ["nowhere", "projects/algebra/standing/"])
def test_n2_an_address_that_there_is_not_answers_json(client, project, path):
    answer = client.get(f"{API}/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert client.get("/nowhere/")["Content-Type"].startswith("text/html")


def test_n2_a_token_makes_no_other_but_may_revoke(lead, dana):
    (own,) = lead("GET", "/tokens").json()

    assert lead("POST", "/tokens", {"name": "child", "scopes": ["read"], "days": 1}).status_code == 403
    assert lead("DELETE", f"/tokens/{own['id']}").status_code == 204
    assert lead("GET", "/tokens").status_code == 401


def test_n2_a_signed_in_person_makes_a_token_by_the_api(dana, client_for):
    body = {"name": "a script", "scopes": ["read"], "project": "algebra", "days": 1}

    made = client_for(dana).post(f"{API}/tokens", body, content_type="application/json").json()
    elsewhere = client_for(dana).post(f"{API}/tokens", body | {"project": "elsewhere"}, content_type="application/json")

    assert made["token"]["project"] == "algebra"
    assert elsewhere.status_code == 404
    answer = Client().get(f"{API}/projects/algebra/standing", headers={"Authorization": f"Bearer {made['secret']}"})
    assert answer.status_code == 200


# The description ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    return json.loads(out.getvalue())


def test_n2_the_description_is_sound_openapi_3_1_and_names_the_token(schema):
    assert schema["openapi"] == "3.1.0"
    assert schema["components"]["securitySchemes"]["token"] == {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of your account: /accounts/tokens/",
    }


def test_n2_every_route_of_the_api_is_described_with_a_sentence(schema):
    (api,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/"]
    routes = {one.name for one in api.url_patterns if one.name != "api_schema"}
    operations = [operation for methods in schema["paths"].values() for operation in methods.values()
                  if isinstance(operation, dict)]  # fmt: skip

    assert len([path for path in schema["paths"] if path.startswith("/api/v1/")]) == len(routes)
    assert [one["operationId"] for one in operations if not one.get("description")] == ["schema_retrieve"] or all(
        one.get("description") for one in operations
    )


def test_n2_the_page_of_the_description_shows_the_routes_and_their_fields(client):
    page = client.get("/api/docs/").content.decode()

    assert "/api/v1/projects/{slug}/labelers/{pseudonym}/exclude" in page
    assert "Leave the labels since a moment out of training" in page
    assert "Authorization: Bearer" in page
    assert '<a href="#labeling">Labeling</a>' in page
    assert '<h2 id="labeling">Labeling</h2>' in page
