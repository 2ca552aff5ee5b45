"""The pages of quality control: who labels well, what is known, what is missed, and what leads do about it."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotation.models import AuditEvent, Exclusion, Gold, Label, Labeler, Problem, Project, Solution
from annotation.queries import gold as queries
from annotation.services import gold_import
from tests import factories
from tests.annotation.test_gold import held_gold

pytestmark = pytest.mark.django_db
URL = "/p/algebra/quality/"


@pytest.fixture
def rhea(project):
    return factories.member(project, "reviewer", "rhea")


def page_of(client, path=""):
    answer = client.get(URL + path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def act(client, labeler, name, **fields):
    answer = client.post(f"{URL}labelers/{labeler.pseudonym}/", {"act": name, **fields}, follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    return " ".join(answer.content.decode().split())


def missed(project, labeler, **values):
    """Gold that the labeler has missed."""
    made = factories.gold(project, **values)
    factories.queued(project, 1)
    factories.submit(labeler, held_gold(labeler), (1, 1, 1))
    return made


# Who may -------------------------------------------------------------------------------------------------------------------


def test_reviewers_may_look_and_only_leads_may_act(project, dana, rhea, alice, mel, charlie, client_for):
    made = factories.gold(project)
    looks = ["", "gold/", f"gold/{made.pk}/", "mistakes/", "mistakes/?format=csv"]
    acts = ["gold/file/", f"gold/{made.pk}/", f"gold/new/?solution={made.solution_id}"]
    acts += [f"labelers/{alice.pseudonym}/"]

    for path in looks:
        assert [client_for(who).get(URL + path).status_code for who in (dana, rhea)] == [200, 200]
        assert [client_for(who).get(URL + path).status_code for who in (alice.user, mel)] == [403, 403]
        assert client_for(charlie.user).get(URL + path).status_code == 404
    for path in acts:
        assert [client_for(who).post(URL + path).status_code for who in (rhea, alice.user, mel)] == [403] * 3
        assert client_for(charlie.user).post(URL + path).status_code == 404
    assert "<form" not in page_of(client_for(rhea)).split("<main")[1]
    assert 'name="act"' not in page_of(client_for(rhea), f"gold/{made.pk}/")


def test_nothing_of_another_project_is_reached(dana, charlie, client_for):
    theirs = factories.gold(charlie.project)
    client = client_for(dana)

    assert client.get(f"{URL}gold/{theirs.pk}/").status_code == 404
    assert client.post(f"{URL}labelers/{charlie.pseudonym}/", {"act": "pause", "reason": "x"}).status_code == 404
    answer = client.get(f"{URL}gold/new/?solution={theirs.solution_id}", follow=True)
    assert f"There is no solution {theirs.solution_id} in this project." in answer.content.decode()


# Labelers ------------------------------------------------------------------------------------------------------------------


def test_f5_scores_stand_with_their_interval_and_a_pause_is_seen_at_once(project, alice, dana, client_for):
    missed(project, alice)
    page = page_of(client_for(dana))
    assert "0 of 1" in page
    assert "0.0 %–79.3 %" in page
    assert "below what is wanted, though it may be chance" in page

    Labeler.objects.filter(pk=alice.pk).update(state="paused", paused_because="Quality control: 4 of the last 10.")

    page = page_of(client_for(dana))
    assert "1 labeler is paused" in page
    assert "Quality control: 4 of the last 10." in page


def test_leads_pause_and_reinstate(alice, dana, client_for):
    client = client_for(dana)

    assert "A pause needs a reason." in act(client, alice, "pause", reason=" ")
    assert "has at most 2000 characters" in act(client, alice, "pause", reason="x" * 2001)
    assert "alice gets no new solutions." in act(client, alice, "pause", reason="On leave.")
    assert "On leave." in page_of(client)
    assert "alice gets solutions again" in act(client, alice, "reinstate")
    assert Labeler.objects.get(pk=alice.pk).state == "active"
    assert "is not paused" in act(client, alice, "reinstate")


def test_f7_leads_leave_labels_out_from_a_day_on_and_lift_it(project, alice, dana, client_for):
    factories.queued(project, 1)
    factories.label(alice)
    client = client_for(dana)
    today = date.today().isoformat()  # noqa: DTZ011 - what a browser sends

    assert "This is no day." in act(client, alice, "exclude", since="soon", reason="So.")
    assert "An exclusion needs a reason." in act(client, alice, "exclude", since=today)
    assert "has at most 2000 characters" in act(client, alice, "exclude", since=today, reason="x" * 2001)
    page = act(client, alice, "exclude", since="2026-01-02", reason="Clicked through.")
    assert "1 since 2 Jan 2026: Clicked through." in page
    assert Exclusion.objects.get().since == datetime(2026, 1, 2, tzinfo=UTC)
    assert Label.objects.for_training().count() == 0
    assert "the labels train again" in act(client, alice, "lift")
    assert Label.objects.for_training().count() == 1


def test_a_day_to_come_is_not_offered_for_leaving_labels_out(project, alice, dana, client_for):
    client = client_for(dana)
    today = timezone.now().date()

    field = re.search(rf'<input type="date" id="since-{alice.pk}"[^>]*>', page_of(client))[0]
    assert f'value="{today}" max="{today}"' in field
    tomorrow = (today + timedelta(days=1)).isoformat()
    assert "begins on a day that has come" in act(client, alice, "exclude", since=tomorrow, reason="So.")


def test_f3_leads_see_a_screening_and_admit_or_screen_again(project, dana, client_for):
    new = factories.screened(project, 1, name="nora")
    client = client_for(dana)
    assert "being screened" in page_of(client)
    factories.answer(new, agrees=False)
    page = page_of(client)
    assert "not admitted" in page
    assert "0 of 1" in page

    assert "There is no screening gold" in act(client, new, "screen")
    assert "The labeler is admitted." in act(client, new, "admit")
    factories.gold(project, "screening")
    assert "begins a screening" in act(client, new, "screen")
    assert Labeler.objects.get(pk=new.pk).admission == "screening"


def test_without_gold_the_page_says_how_to_begin(dana, alice, client_for):
    page = page_of(client_for(dana))

    assert "Nothing is known yet" in page
    assert "nothing yet" in page


# Gold ----------------------------------------------------------------------------------------------------------------------


def test_a_solution_to_know_is_found_by_words_of_its_problem(project, dana, client_for, django_assert_num_queries):
    apples = factories.problem(project, text="How many apples are left?", unique_id="fruit/1")
    wanted, known = factories.solution(problem_=apples), factories.gold(project, problem_=apples)
    hidden = factories.solution(problem_=factories.problem(project, text="Apples, held out.", split="test"))
    other = factories.solution(project)
    client = client_for(dana)

    def offered(search):
        page = client.get(f"{URL}gold/?search={search}").content.decode()
        return [one for one in (wanted, known.solution, hidden, other) if f"gold/new/?solution={one.pk}" in page]

    assert offered("apples") == offered("fruit/") == offered(wanted.pk) == [wanted]
    assert offered("") == offered("pears") == []
    assert "No solution that could be gold" in client.get(f"{URL}gold/?search=pears").content.decode()
    with django_assert_num_queries(1):  # the solutions, with their problems
        assert queries.solutions_to_know(project, "apples") == [wanted]


def test_a_solution_is_made_gold_by_its_number_and_its_steps(project, dana, client_for):
    solution = factories.solution(project)
    client = client_for(dana)
    path = f"{URL}gold/new/?solution={solution.pk}"
    assert "Where is it right to name the first error?" in client.get(path).content.decode()

    answer = client.post(path, {"step": ["1", "2"], "kind": "screening", "explanation": "See\r\nhere."}, follow=True)

    made = Gold.objects.get()
    assert (made.error_steps, made.kind, made.explanation) == ([1, 2], "screening", "See\nhere.")
    assert (made.created_by, made.origin) == (dana, "lead")
    assert "The solution is gold now." in answer.content.decode()
    assert client.get(path)["Location"] == f"{URL}gold/{made.pk}/"
    assert AuditEvent.objects.get(action="make gold").details["error_steps"] == [1, 2]


@pytest.mark.parametrize(
    "given", [{"step": ["7"], "kind": "hidden"}, {"step": ["x"], "kind": "hidden"}, {"kind": "other"}]
)
def test_what_no_form_of_ours_sends_is_refused(given, project, dana, client_for):
    solution = factories.solution(project)

    answer = client_for(dana).post(f"{URL}gold/new/?solution={solution.pk}", given)

    assert answer.status_code == 400
    assert "Nothing was saved yet." in answer.content.decode()
    assert not Gold.objects.exists()


@pytest.mark.parametrize("number", ["", "abc", "999999", "9" * 30])
def test_a_number_without_a_solution_is_told(number, project, dana, client_for):
    answer = client_for(dana).get(f"{URL}gold/new/?solution={number}", follow=True)

    assert "There is no solution" in answer.content.decode()


def test_gold_of_a_held_out_problem_is_refused_on_the_page(project, dana, client_for):
    solution = factories.solution(problem_=factories.problem(project, split="test"))

    answer = client_for(dana).post(f"{URL}gold/new/?solution={solution.pk}", {"kind": "hidden"})

    assert answer.status_code == 400
    assert "its problem is held out or withdrawn" in answer.content.decode()


def test_gold_is_corrected_retired_and_brought_back(project, alice, dana, client_for):
    made = missed(project, alice)
    client, path = client_for(dana), f"{URL}gold/{made.pk}/"

    page = client.post(path, {"act": "save", "kind": "hidden", "explanation": ""}, follow=True).content.decode()
    assert "past labels of it are compared with it anew" in page
    assert made.goldjudgement_set.get().agrees is True
    assert client.post(path, {"act": "shrug"}).status_code == 404
    assert "nobody gets it any more" in client.post(path, {"act": "retire"}, follow=True).content.decode()
    assert "It is retired" in client.get(path).content.decode()
    assert f"Solution {made.solution_id}" in page_of(client, "gold/?show=retired")
    assert "It is back" in client.post(path, {"act": "bring_back"}, follow=True).content.decode()
    assert Gold.objects.get().retired_at is None


def test_the_list_counts_each_use_and_says_what_an_empty_one_means(project, alice, dana, client_for):
    missed(project, alice)
    client = client_for(dana)

    page = page_of(client, "gold/")
    assert 'Hidden <span class="number">1</span>' in page
    for show, words in (
        ("screening", "Nothing screens"),
        ("visible", "for practice"),
        ("retired", "Nothing is retired"),
    ):
        assert words in page_of(client, f"gold/?show={show}")
    assert client.get(f"{URL}gold/?show=all").status_code == 404


# Files of gold -------------------------------------------------------------------------------------------------------------


def line(**values):
    return json.dumps({"problem": "What is 1+1?", "steps": ["It is 3.", "# Answer\n\n3"], "error_steps": [0]} | values)


def upload(client, *lines, kind="hidden", act="import"):
    file = SimpleUploadedFile("gold.jsonl", "\n".join(lines).encode())
    return client.post(f"{URL}gold/file/", {"file": file, "kind": kind, "act": act})


def test_a_file_of_gold_is_taken_line_by_line_and_refused_lines_are_told(project, dana, client_for):
    lines = [
        line(kind="screening", explanation="One and one are two."),
        line(problem="What is 2+2?", steps=["It is 4.", "# Answer\n\n4"], error_steps=[]),
        line(problem="What is 3+3?", error_steps=[5]),
        line(problem="What is 4+4?", kind="secret"),
        line(kind="screening"),
        line(error_steps=[1]),
        "nonsense",
    ]

    answer = upload(client_for(dana), *lines)

    assert answer.status_code == 200
    page = " ".join(answer.content.decode().split())
    assert "gold.jsonl: 2 made, 1 there before, 4 lines refused." in page
    for number, words in (
        (3, "there is no step 5: the 2 steps count from 0"),
        (4, "expected one of"),
        (6, "is gold already"),
        (7, "not valid JSON"),
    ):
        assert words.replace("'", "&#x27;") in page
        assert f'<td class="number">{number}</td>' in page
    known = {gold.solution.problem.text: (gold.kind, gold.error_steps) for gold in Gold.objects.all()}
    assert known == {"What is 1+1?": ("screening", [0]), "What is 2+2?": ("hidden", [])}
    assert Problem.objects.filter(project=project).count() == 2
    assert set(Gold.objects.values_list("origin", "created_by")) == {("import", dana.pk)}


def test_the_answer_of_a_line_is_the_one_that_is_expected_of_its_problem(project):
    told = {"answer": "2", "subject": "Sums", "level": 1, "unique_id": "sums/1"}

    report = gold_import.import_gold(project=project, lines=[line(**told).encode()], source="file", by=None)

    solution = Gold.objects.select_related("solution__problem").get().solution
    found = {name: getattr(solution.problem, name) for name in told}
    assert found == told
    assert (solution.answer, solution.grade) == ("3", "wrong")
    assert not report.doubts


@pytest.mark.parametrize(
    ("kind", "policy", "is_told"),
    [
        ("hidden", "always", True),
        ("screening", "on_demand", True),
        ("visible", "always", False),
        ("hidden", "never", False),
    ],
)
def test_gold_that_labelers_could_tell_from_others_is_told_to_leads(kind, policy, is_told, project, dana, client_for):
    Project.objects.filter(pk=project.pk).update(answer_policy=policy)

    report = upload(client_for(dana), line(kind=kind)).content.decode()
    shelf = client_for(dana).get(f"{URL}gold/?show={kind}").content.decode()
    item = client_for(dana).get(f"{URL}gold/{Gold.objects.get().pk}/").content.decode()

    assert ("no expected answer of the problem" in report) is is_told
    assert ("no expected answer" in shelf) is is_told
    assert ("they see no expected answer" in item) is is_told


def test_a_check_of_a_file_of_gold_changes_nothing(project, dana, client_for):
    answer = upload(client_for(dana), line(), line(error_steps=[2]), act="check")

    assert "gold.jsonl would bring 1; 0 are there already, 1 lines would be refused." in answer.content.decode()
    assert not Gold.objects.exists()
    assert not Problem.objects.filter(project=project).exists()


def test_files_of_processbench_are_read_as_they_are(project):
    lines = [
        line(id="gsm8k-0", generator="Qwen2-7B-Instruct", label=1, final_answer_correct=False, error_steps=None),
        line(problem="What is 2+2?", label=-1, final_answer_correct=True),
    ]
    lines = [one.replace('"error_steps": null, ', "").replace('"error_steps": [0], ', "") for one in lines]

    report = gold_import.import_gold(project=project, lines=[one.encode() for one in lines], source="pb", by=None)

    assert report.created == 2, report.refused
    assert list(Gold.objects.order_by("pk").values_list("error_steps", flat=True)) == [[1], []]
    assert Solution.objects.order_by("pk")[0].generator == "Qwen2-7B-Instruct"


def test_a_solution_that_is_there_is_made_gold_and_not_made_twice(project):
    solution = factories.solution(project)
    one = {"problem": solution.problem.text, "steps": solution.steps, "error_steps": [1]}

    gold_import.import_gold(project=project, lines=[json.dumps(one).encode()], source="file", by=None)

    assert Gold.objects.get().solution == solution or Solution.objects.count() == 2
    again = gold_import.import_gold(project=project, lines=[json.dumps(one).encode()], source="file", by=None)
    assert (again.created, again.already_there) == (0, 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "screening"}, "for screening"),
        ({"retired_at": timezone.now()}, "but retired"),
        ({"error_steps": [1]}, "with other steps"),
    ],
)
def test_a_line_whose_solution_is_gold_in_another_way_is_refused(project, change, sentence):
    lines = [line().encode()]
    gold_import.import_gold(project=project, lines=lines, source="file", by=None)
    Gold.objects.update(**change)

    report = gold_import.import_gold(project=project, lines=lines, source="file", by=None)

    assert (report.created, report.already_there) == (0, 0)
    assert sentence in str(report.refused)


def test_a_file_is_refused_where_a_project_has_no_gold_or_it_is_too_long(project, dana, client_for, monkeypatch):
    monkeypatch.setattr(gold_import, "MOST_LINES", 1)
    answer = upload(client_for(dana), line(), line(problem="Another?"))
    assert answer.status_code == 400
    assert "at most 1 lines" in answer.content.decode()
    assert not Gold.objects.exists()
    Project.objects.filter(pk=project.pk).update(phase=1)
    assert "Only projects of phase 2 have gold" in upload(client_for(dana), line()).content.decode()
    assert client_for(dana).post(f"{URL}gold/file/", {"kind": "hidden"}).status_code == 400


def test_the_command_imports_gold_and_prints_what_became_of_it(project, tmp_path, capsys):
    path = tmp_path / "gold.jsonl"
    path.write_text(line() + "\n" + line(error_steps=["a"], problem="Other?"))

    call_command("import_gold", path, project="algebra", kind="screening", dry_run=True)
    assert not Gold.objects.exists()
    call_command("import_gold", path, project="algebra", kind="screening")

    assert Gold.objects.get().kind == "screening"
    assert "line 2: error_steps[0]: expected the number of a step, from 0, found 'a'" in capsys.readouterr().out
    path.write_text("{}")
    with pytest.raises(CommandError, match="No line of"):
        call_command("import_gold", path, project="algebra")


# Mistakes ------------------------------------------------------------------------------------------------------------------


def test_f8_mistakes_are_shown_saved_and_made_a_lesson(project, alice, dana, client_for):
    made = missed(
        project, alice, problem_=factories.problem(project, text="=What is $1+1$?"), explanation="Look again."
    )
    client = client_for(dana)
    page = page_of(client, "mistakes/")
    assert "1 of 1 missed it" in page
    assert "error at step 2" in page
    assert "Nothing here may be told yet" in page

    csv = b"".join(client.get(f"{URL}mistakes/?format=csv").streaming_content).decode()
    assert csv.splitlines()[1].startswith(
        f'{made.solution_id},"\'=What is $1+1$?","hidden","error at step 2","no error",1,1'
    )

    client.post(
        f"{URL}gold/{made.pk}/", {"act": "save", "kind": "visible", "step": ["1"], "explanation": "Look again."}
    )
    page = page_of(client, "mistakes/")
    assert "Preview in the instructions" in page
    assert "# Mistakes that many made" in page
    draft = {"act": "preview", "based_on": "1", "text": "# Mistakes that many made\n\nLook again.", "changes": "New."}
    preview = client.post("/p/algebra/guidance/", draft).content.decode()
    assert "This is a preview." in preview
    assert "Look again." in preview


def test_f8_without_mistakes_the_page_says_so(project, alice, dana, client_for):
    assert "No label of a known solution yet." in page_of(client_for(dana), "mistakes/")
    factories.gold(project)
    factories.queued(project, 1)
    factories.submit(alice, held_gold(alice), (1, -1))

    assert "All 1 labels of known solutions agree" in page_of(client_for(dana), "mistakes/")


# Settings ------------------------------------------------------------------------------------------------------------------


def test_leads_set_the_screening_and_what_is_wanted(project, dana, client_for):
    client = client_for(dana)
    form = client.get("/p/algebra/settings/").context["form"]
    given = {
        name: form.initial[name]
        for name in form.fields
        if form.initial[name] not in ("", None) and form.initial[name] is not False
    }

    answer = client.post("/p/algebra/settings/", given | {"screening_pass": "1.5"})
    assert answer.status_code == 400
    client.post("/p/algebra/settings/", given | {"screening_pass": "0.8", "quality_items_per_round": "12"})

    project.refresh_from_db()
    assert (project.screening_pass, project.quality_items_per_round) == (0.8, 12)
