"""N5: who did what, with what stood there before and after; nothing of it can be rewritten (see test_constraints.py)."""

import ast
import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotation.models import AuditEvent, Gold, Membership
from annotation.models.audit import ACTS
from annotation.queries import audit as queries
from annotation.queries.audit import Wanted
from annotation.services import audit, labelers, members, quality, queue, tokens
from labeling_ui import audit_words
from tests import factories

pytestmark = pytest.mark.django_db
WRITE = ("record", "_record", "_move", "_whole")


def entries(project, **wanted):
    return queries.audit_page(lead_of(project), Wanted(**wanted)).entries


def lead_of(project):
    """Whoever leads it, or would."""
    return Membership.objects.filter(project=project, role="lead").first() or Membership(
        project=project, user=factories.user(), role="lead"
    )


def changes(entry):
    return {change.field: (change.before, change.after) for change in entry.changes}


def test_n5_a_correction_shows_the_ratings_before_and_after(alice):
    factories.queued(alice.project, 1)
    assignment = queue.claim_next(project=alice.project, by=alice)
    first = factories.submit(alice, assignment, (1, 1, 1)).label
    factories.submit(alice, assignment, (1, -1), supersedes=first.pk)

    (entry,) = entries(alice.project, what="label")

    assert (entry.who, entry.action) == ("alice", "correct")
    assert changes(entry)["ended"] == ("solution", "found_error")
    assert changes(entry)["ratings"] == ([[0, 0, 1], [1, 0, 1], [2, 0, 1]], [[0, 0, 1], [1, 0, -1]])


def test_n5_a_change_of_role_on_the_page_is_in_the_history_with_its_actor(alice, dana, client_for):
    membership = Membership.objects.get(project=alice.project, user=alice.user)

    answer = client_for(dana).post(f"/p/algebra/people/{membership.pk}/", {"act": "role", "role": "reviewer"})

    assert answer.status_code == 302
    newest = entries(alice.project, what="role")[0]
    assert (newest.who, newest.action, newest.target) == ("dana", "change", "alice")
    assert changes(newest) == {"role": ("labeler", "reviewer")}


def test_n5_what_is_done_by_a_token_is_its_owner_s(dana, alice, client):
    secret = tokens.make(by=dana, name="a script", scopes=["manage"], days=1)[1]
    url = f"/api/v1/projects/algebra/labelers/{alice.pseudonym}/pause"

    answer = client.post(
        url, {"reason": "A word first."}, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )

    assert answer.status_code == 204
    newest = entries(alice.project, what="labeler")[0]
    assert (newest.who, changes(newest)["state"]) == ("dana", ("active", "paused"))


def test_n5_a_change_made_in_sql_is_there_too_with_nobody_as_its_actor(alice):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_membership SET role = 'lead' WHERE user_id = %s", [alice.user_id])

    newest = entries(alice.project, what="role")[0]

    assert (newest.who, changes(newest)) == (None, {"role": ("labeler", "lead")})


def test_n5_exclusions_gold_truths_and_states_are_all_on_the_line(alice, dana):
    project = alice.project
    (slot,) = factories.queued(project, 1)
    quality.exclude(labeler=alice, since=timezone.now() - timedelta(days=1), reason="Copied.", by=dana)
    labelers.pause(labeler=alice, reason="A word first.", by=dana)
    gold = Gold.objects.create(project=project, solution=slot.solution, kind="hidden", error_steps=[1])
    gold.error_steps = [1, 2]
    gold.save()
    slot.solution.problem.answer = "4"
    slot.solution.problem.save()

    assert changes(entries(project, what="gold")[0]) == {"error_steps": ([1], [1, 2])}
    assert changes(entries(project, what="exclusion")[0])["reason"] == (None, "Copied.")
    assert changes(entries(project, what="labeler")[0])["paused_because"] == ("", "A word first.")
    assert changes(entries(project, what="problem")[0])["answer"] == (None, "4")
    assert [one.who for one in entries(project, what="exclude labels")] == ["dana"]


def test_n5_the_line_is_filtered_by_who_what_and_when(alice, dana, mel):
    audit.record(project=alice.project, by=dana, action="send message", target="alice")
    audit.record(project=alice.project, by=mel, action="start round", target="round 1")
    today = timezone.now().date()

    assert [one.action for one in entries(alice.project, who="mel")] == ["start round"]
    assert {one.action for one in entries(alice.project, what="act")} == {"send message", "start round"}
    assert [one.who for one in entries(alice.project, what="send message")] == ["dana"]
    assert entries(alice.project, who="mel", since=today, until=today)
    assert not entries(alice.project, since=today + timedelta(days=1))
    assert not entries(alice.project, until=today - timedelta(days=1))


def test_n5_pages_follow_each_other_without_a_gap_or_a_repeat_though_new_acts_come_in(dana, monkeypatch):
    project = dana.membership_set.get().project
    with transaction.atomic():  # many at the very same moment
        for number in range(25):
            audit.record(project=project, by=dana, action="send message", target=str(number))
    monkeypatch.setattr(queries, "PAGE", 10)

    seen, before = [], None
    while True:
        page = queries.audit_page(lead_of(project), Wanted(what="act"), before=before)
        seen += [entry.target for entry in page.entries]
        audit.record(project=project, by=dana, action="send message", target="later")
        if (before := page.older) is None:
            break

    assert sorted(seen, key=int) == [str(number) for number in range(25)]


def test_n10_the_line_of_one_project_holds_nothing_of_another(alice, charlie):
    audit.record(project=charlie.project, by=charlie.user, action="send message", target="elsewhere")
    members.add_member(project=charlie.project, user=factories.user("eve"), role="lead", by=None)

    assert "elsewhere" not in str(entries(alice.project))
    assert {one.target for one in entries(charlie.project, what="role")} == {"charlie", "eve"}


@pytest.mark.parametrize("before", ["", "x", "2026-13-45T99:99 act 1", "2026-01-01 act 1", "2026-01-01T00:00:00+00:00"])
def test_n5_a_cursor_that_is_none_does_no_harm(before, dana):
    assert isinstance(queries.audit_page(dana.membership_set.get(), Wanted(), before=before).entries, list)


def test_n5_the_page_takes_two_queries_for_the_line(dana, django_assert_num_queries):
    place = dana.membership_set.select_related("project").get()

    with django_assert_num_queries(2):  # the line · the actions that the filter offers
        queries.audit_page(place, Wanted())


def test_n5_nobody_rewrites_the_line_in_sql(dana):
    project = dana.membership_set.get().project
    audit.record(project=project, by=dana, action="send message", target="alice")

    for table in ("auditevent", "membershipevent"):
        for statement in (f"DELETE FROM annotation_{table}", f"UPDATE annotation_{table} SET project_id = NULL"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    assert AuditEvent.objects.filter(project=project).exists()


# The page -----------------------------------------------------------------------------------------------------------


def test_n5_a_lead_reads_filters_and_saves_the_line(alice, dana, client_for):
    audit.record(
        project=alice.project, by=dana, action="change settings", target="algebra", phase={"before": 1, "after": 2}
    )
    audit.record(project=alice.project, by=dana, action="=HYPERLINK()", target="=1+1")
    client = client_for(dana)

    page = client.get("/p/algebra/audit/?what=change+settings").content.decode()
    assert "change settings" in page
    assert "<del>1</del> → <ins>2</ins>" in page

    saved = b"".join(client.get("/p/algebra/audit/?format=csv&what=act").streaming_content).decode()
    rows = list(csv.reader(io.StringIO(saved)))
    assert rows[0] == ["at (UTC)", "by", "of", "what", "target", "field", "before", "after"]
    assert [row[1:] for row in rows if "phase" in row] == [
        ["dana", "act", "change settings", "algebra", "phase", "1", "2"]
    ]
    assert "'=HYPERLINK()" in saved


def test_n5_what_changed_in_rows_is_told_in_words_and_values_as_json(alice, dana, client_for):
    audit.record(project=alice.project, by=dana, action="change settings", target="algebra", phase={"a": None})
    labelers.pause(labeler=alice, reason="A word first.", by=dana)

    page = client_for(dana).get("/p/algebra/audit/").content.decode()

    assert "states of labelers: changed" in page
    assert "{&quot;a&quot;: null}" in page


def test_n5_the_page_tells_an_act_once_with_what_changed_in_its_row(alice, dana, client_for):
    membership, client = Membership.objects.get(project=alice.project, user=alice.user), client_for(dana)
    client.post(f"/p/algebra/people/{membership.pk}/", {"act": "role", "role": "reviewer"})
    client.post(f"/p/algebra/people/{membership.pk}/", {"act": "remove"})
    acts = [entry for entry in entries(alice.project) if entry.target == "alice" and entry.who == "dana"]
    assert [one.source for one in acts].count("role") == 1

    page = client.get("/p/algebra/audit/?who=dana").content.decode()

    assert "give role" in page
    assert "roles: changed" not in page


def test_n5_the_page_leaves_out_what_is_nothing_and_writes_times_as_times(project, dana):
    at = "2026-11-26T10:33:09.434485+00:00"
    audit.record(project=project, by=dana, action="import gold", target="a", folded=0, made=4, until=at, reason="")

    (line,) = audit_words.lines(entries(project, who="dana"))

    assert {name: after for name, _, after in line.changes} == {"made": "4", "until": "26 Nov 2026, 10:33:09 UTC"}
    assert line.is_folded


def test_n5_every_act_that_services_write_down_has_words():
    written = set()
    for path in Path(audit.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in WRITE:
                told = {one.arg: one.value for one in call.keywords}
                project = told.get("project")
                if not (isinstance(project, ast.Constant) and project.value is None):  # on the line of no project
                    texts = [told["action"]] if "action" in told else call.args
                    written |= {one.value for one in texts if isinstance(one, ast.Constant) and one.value}

    assert "give role" in written
    assert "make gold" in written
    assert {act for act in written if isinstance(act, str)} - set(ACTS) == set()


def test_n5_a_wrong_filter_gives_no_file(dana, client_for):
    answer = client_for(dana).get("/p/algebra/audit/?format=csv&since=yesterday")

    assert answer.status_code == 400
    assert "text/html" in answer["Content-Type"]


def test_n5_a_bad_day_is_said_and_an_empty_line_too(dana, client_for):
    wrong = client_for(dana).get("/p/algebra/audit/?since=yesterday")
    empty = client_for(dana).get("/p/algebra/audit/?who=nobody")

    assert (wrong.status_code, set(wrong.context["form"].errors)) == (400, {"since"})
    assert "Nothing like this was done." in empty.content.decode()
