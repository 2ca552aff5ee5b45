"""What labelers told beside their ratings, as leads read it."""

from uuid import uuid4

import pytest
from django.test import Client

from annotation.models import Dispute, ImportedRecord, Label, Lease, Membership, Slot, StepRating
from annotation.queries import reports as queries
from annotation.queries.reports import Kind
from annotation.services import judgements, labeling, options, queue
from annotation.services.judgements import Rating
from tests import factories

URL = "/p/algebra/reports/"


def rows(project, kind, page=None):
    found = queries.reports_page(Membership(project=project, role="ml"), kind=Kind(kind), page=page)
    return found.reports if kind == Kind.BAD_PROBLEMS else list(found.rows)


def counts(project):
    page = queries.reports_page(Membership(project=project, role="ml"), kind=Kind.DISPUTES, page=None)
    return {tab.kind.value: tab.rows for tab in page.tabs}


def page_of(client, kind="bad_problems"):
    answer = client.get(f"{URL}?show={kind}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def report(by, reason="The unit is missing."):
    return factories.label(by, (1,), finish_reason="bad_problem", reason=reason)


def give_up(by, reason="Too long for me."):
    return factories.label(by, (1, 0), finish_reason="give_up", reason=reason)


def unsure(by, text="Or else $x=7$."):
    """A label that found an error at the second step, and is unsure about an alternative to it."""
    factories.queued(by.project)
    held = queue.claim_next(project=by.project, by=by)
    slot = Slot.objects.get(pk=held.slot)
    factories.solution(problem_=slot.solution.problem, steps=[slot.solution.steps[0], text])
    beside = options.alternatives_at(slot=slot, step=1).texts
    ratings = [Rating(step=0, rating=1), Rating(step=1, rating=-1)]
    ratings += [Rating(step=1, rating=0, option=1 + place, flagged=True) for place in range(len(beside))]
    judgement = judgements.Judgement(finish_reason="found_error", ratings=ratings, total_time_ms=1000)
    return submit(slot, by, held.lease_token, judgement)


def correct(label, **values):
    """The labeler thinks again."""
    lease = Lease.objects.get(slot=label.slot, labeler=label.labeler)
    judgement = factories.judgement(**values)
    return submit(label.slot, label.labeler, lease.token, judgement, supersedes=label.pk)


def submit(slot, by, token, judgement, **values):
    return labeling.submit_label(
        project=by.project, by=by, label_id=uuid4(), slot=slot.pk, lease_token=token, judgement=judgement, **values
    ).label


def imported(project, **values):
    """As an imported file brings it: by somebody without an account, who gave no reason."""
    somebody = project.labeler_set.create(user=None)
    label = Label.objects.create(
        **{"id": uuid4(), "project": project, "labeler": somebody, "origin": "import", "phase": 2} | values,
        total_time_ms=1,
        payload_hash=bytes(32),
    )
    ImportedRecord.objects.create(
        label=label, project=project, line="{}", line_hash=label.id.bytes * 2, source="file", number=1
    )
    return label


# Who may ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, *Kind.values])
def test_reports_are_for_leads_only(kind, dana, alice, mel, charlie, client_for):
    url = f"{URL}?show={kind}" if kind else URL

    assert client_for(dana).get(url).status_code == 200
    assert client_for(alice.user).get(url).status_code == 403
    assert client_for(mel).get(url).status_code == 403
    assert client_for(charlie.user).get(url).status_code == 404
    assert Client().get(url)["Location"].startswith("/accounts/sign-in/?next=/p/algebra/reports/")
    assert client_for(dana).post(url).status_code == 405


def test_a_kind_that_there_is_not_is_not_there(dana, client_for):
    assert client_for(dana).get(f"{URL}?show=everything").status_code == 404


def test_what_labelers_of_other_projects_told_is_not_here(project, dana, charlie, client_for):
    factories.queued(charlie.project, 3)
    for tell in (report, give_up, factories.label, unsure):
        tell(charlie)

    assert counts(project) == dict.fromkeys(Kind.values, 0)
    assert counts(charlie.project) == {"bad_problems": 1, "disputes": 1, "unsure": 1, "give_ups": 1}
    words = ["Nobody has called a problem bad.", "Nobody has accepted a solution", "as unsure.", "has given up"]
    for kind, sentence in zip(Kind.values, words, strict=True):
        page = page_of(client_for(dana), kind)
        assert sentence in page
        assert "<table" not in page


# Bad problems -------------------------------------------------------------------------------------------------------


def test_a_problem_stands_once_with_all_reports_and_how_many_it_takes(project, dana, alice, bob, client_for):
    problem = factories.problem(project, text="How long is $\\overline{AB}$?", unique_id="train/7")
    factories.queued(project, problem_=problem)
    report(alice, "There is no picture.")
    client = client_for(dana)

    page = page_of(client)

    assert "There is no picture." in page
    assert "How long is $\\overline{AB}$?" in page
    assert '1 of 2</span> <span class="tag">still in use' in page
    factories.queued(project, problem_=problem)
    report(bob, "No picture <here>")
    page = page_of(client)
    assert '2 of 2</span> <span class="tag bad">left the queue' in page
    assert "No picture &lt;here&gt;" in page
    (only,) = rows(project, "bad_problems")
    assert [label.labeler for label in only.labels] == [bob, alice]
    assert f'href="/p/algebra/problems/{only.problem.pk}/"' in page


def test_two_reports_of_one_labeler_count_once(project, alice):
    factories.queued(project, 2, problem_=factories.problem(project))
    report(alice)
    report(alice)

    (only,) = rows(project, "bad_problems")
    assert (only.labelers, len(only.labels)) == (1, 2)


def test_a_report_that_was_taken_back_is_gone(project, alice):
    factories.queued(project)
    correct(report(alice))

    assert rows(project, "bad_problems") == []


def test_an_imported_report_counts_beside_one_that_was_made_here_and_fills_no_page_alone(
    project, dana, alice, client_for
):
    problem = factories.problem(project)
    factories.queued(project, problem_=problem)
    for owner in (problem, factories.problem(project)):
        imported(project, solution=factories.solution(problem_=owner), finish_reason="bad_problem")
    assert rows(project, "bad_problems") == []
    report(alice)

    (only,) = rows(project, "bad_problems")

    assert (only.problem, only.labelers) == (problem, 2)
    page = page_of(client_for(dana))
    assert "No reason was given." in page
    assert page.count("Write to the labeler") == 1


def test_the_problem_that_was_reported_last_stands_first(project, alice, bob):
    first, second = (factories.problem(project) for _ in range(2))
    for problem in (first, second):
        factories.queued(project, problem_=problem)
        report(alice)
    assert [one.problem for one in rows(project, "bad_problems")] == [second, first]

    factories.queued(project, problem_=first)
    report(bob)

    assert [one.problem for one in rows(project, "bad_problems")] == [first, second]


# The other kinds ----------------------------------------------------------------------------------------------------


def test_a_doubted_answer_stands_beside_the_one_that_the_solution_gives(project, dana, alice, client_for):
    problem = factories.problem(project, answer="\\frac{1}{2}")
    factories.queued(project, problem_=problem, answer="0.7", grade="wrong")
    label = factories.label(alice)

    page = page_of(client_for(dana), "disputes")

    assert '<span data-maths="bare">\\frac{1}{2}</span>' in page
    assert '<span data-maths="bare">0.7</span>' in page
    assert f'href="/p/algebra/solutions/{label.solution_id}/">Solution {label.solution_id}</a>' in page
    last_step = " ".join(label.solution.steps[-1].split())
    assert f"data-maths>{last_step}</span>" in page
    assert page.index("all its solutions are graded again") < page.index('name="act" value="truth"')
    assert f"?to={alice.pseudonym}&amp;label={label.pk}#write" in page


def test_a_doubt_is_gone_with_the_label_that_raised_it(project, alice):
    factories.queued(project)
    label = factories.label(alice)
    assert [one.label for one in rows(project, "disputes")] == [label]

    correct(label, ratings=(1, -1))

    assert Dispute.objects.count() == 1
    assert rows(project, "disputes") == []


def test_an_alternative_that_somebody_was_unsure_about_shows_its_step_and_rating(project, dana, alice, client_for):
    label = unsure(alice, "Or else $x<7$.")

    page = page_of(client_for(dana), "unsure")

    assert "Step 2</span> <span data-maths>Or else $x&lt;7$.</span>" in page
    assert "<td>Okay</td>" in page
    assert f"?to={alice.pseudonym}&amp;label={label.pk}#write" in page
    assert [one.label for one in rows(project, "unsure")] == [label]


def test_an_unsure_mark_is_kept_from_a_lead_who_may_yet_have_to_judge_its_solution(alice, bob, dana, client_for):
    """Where it stands is where its labeler saw the first error."""
    solution = factories.disagreement(alice, bob)
    label = Label.objects.get(solution=solution, labeler=alice)
    StepRating.objects.create(label=label, step=1, option=1, text="Or else $x<7$.", rating=0, flagged=True)
    client = client_for(dana)

    page = page_of(client, "unsure")
    told = client.get("/api/v1/projects/algebra/reports?show=unsure").json()

    assert "judge it</a> first" in page
    assert "Or else" not in page
    assert "<td>Okay</td>" not in page
    assert (told["count"], told["reports"][0]["text"]) == (1, None)


def test_flags_of_imported_labels_are_not_reports(project, alice):
    label = imported(project, solution=factories.solution(project), finish_reason="found_error")
    StepRating.objects.create(label=label, step=0, option=1, text="x", rating=0, flagged=True)

    assert rows(project, "unsure") == []


def test_a_solution_given_up_shows_why_and_how_far_somebody_came(project, dana, alice, client_for):
    factories.queued(project)
    give_up(alice, "I do not know <matrices>.")

    page = page_of(client_for(dana), "give_ups")

    assert "I do not know &lt;matrices&gt;." in page
    assert '<td class="number">2</td>' in page


def test_somebody_who_is_no_labeler_any_more_cannot_be_written_to(project, dana, alice, client_for):
    factories.queued(project)
    give_up(alice)
    assert "Write to the labeler" in page_of(client_for(dana), "give_ups")

    Membership.objects.filter(user=alice.user).delete()

    assert "Write to the labeler" not in page_of(client_for(dana), "give_ups")


def test_many_rows_come_on_pages(project, dana, alice, client_for, monkeypatch):
    monkeypatch.setattr(queries, "ROWS_ON_A_PAGE", 2)
    factories.queued(project, 3)
    for reason in ("first", "second", "third"):
        give_up(alice, reason)

    page = page_of(client_for(dana), "give_ups")

    assert 'href="?show=give_ups&amp;page=2#rows"' in page
    assert [label.reason for label in rows(project, "give_ups")] == ["third", "second"]
    assert [label.reason for label in rows(project, "give_ups", page="2")] == ["first"]


def test_n3_a_doubt_is_said_with_its_number_and_in_a_milder_colour_than_work_that_stands_still(dana, alice, client_for):
    factories.queued(alice.project, grade="wrong")
    factories.label(alice, (1, 1, 1))
    client = client_for(dana)

    still = client.get("/p/algebra/").content.decode()
    factories.queued(alice.project, 2)
    doubted = client.get("/p/algebra/").content.decode()

    assert '<div class="message okay" role="note"><p>Doubted answer (1). ' in doubted
    assert '<div class="message bad" role="note"><p>' in still
    assert "Doubted answer (1)" in still


# session · user · membership with project · how many of each of four kinds · rows · who can be reached,
# and for bad problems the reports, for disputes and unsure marks how many are done, for these also what is to be judged
@pytest.mark.parametrize(("kind", "asked"), [("bad_problems", 10), ("disputes", 10), ("unsure", 13), ("give_ups", 9)])
@pytest.mark.parametrize("many", [1, 3])
def test_pages_ask_as_many_questions_for_many_rows_as_for_one(
    kind, asked, many, project, dana, client_for, django_assert_num_queries
):
    for number in range(many):
        person = factories.member(project, "labeler", f"labeler-{number}")
        factories.queued(project, 3)
        for tell in (report, give_up, factories.label, unsure):
            tell(person)
    client = client_for(dana)

    with django_assert_num_queries(asked):
        page = client.get(f"{URL}?show={kind}").content.decode()

    assert page.count("Write to the labeler") == many
