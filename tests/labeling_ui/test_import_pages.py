"""The pages of imports (row A1): a lead sends a file, looks at what was found in it, imports it and takes it back."""

import gzip
import json
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from annotation.models import ImportBatch, Job, Problem
from annotation.models.jobs import JobKind
from annotation.queries import imports as queries
from annotation.services import import_batches, import_work, jobs
from labeling_ui import uploads
from labeling_ui.second_factor import BACKEND
from tests import factories
from tests.annotation.test_importing_labels import PHASE_2
from tests.annotation.test_importing_labels import line as label_line
from tests.annotation.test_importing_problems import math_line

pytestmark = pytest.mark.django_db

URL = "/p/algebra/imports/"
HELD_OUT = "Let x be the number of ways in which a bakery can sell three kinds of bread to eleven people"


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def lead(dana, client_for):
    return client_for(dana)


def content(*lines):
    return b"".join(one + b"\n" for one in lines)


def problem_line(text, **values):
    return json.dumps({"problem": text, "answer": "2"} | values).encode()


def send(client, *lines, name="math.jsonl", raw=None, **values):
    file = SimpleUploadedFile(name, content(*lines) if raw is None else raw)
    return client.post(URL, {"file": file, "split": "train", "make_problems": "on"} | values)


def work(act):
    job = jobs.claim_job(kind=JobKind.IMPORT, worker="test")
    return act(job=job, tell=lambda *_: None)


def page_of(client, url=None):
    return " ".join(client.get(url or f"{URL}{ImportBatch.objects.get().pk}/").content.decode().split())


def test_a1_a_file_is_sent_checked_imported_and_undone(project, lead):
    answer = send(lead, math_line(1), b"broken", math_line(2))
    batch = ImportBatch.objects.get()
    assert answer["Location"] == f"{URL}{batch.pk}/"
    assert "being checked" in page_of(lead)

    work(import_work.check)
    page = page_of(lead)
    assert "It was checked, and nothing is written yet." in page
    assert "Import 2 new ones" in page
    assert '<td class="number">2</td><td>–</td><td>not valid JSON: the line does not begin with {</td>' in page
    assert not Problem.objects.exists()

    lead.post(f"{URL}{batch.pk}/confirm/")
    assert "The import has begun." in page_of(lead)
    work(import_work.load)
    assert "All of it is here." in page_of(lead)
    assert Problem.objects.count() == 2

    lead.post(f"{URL}{batch.pk}/undo/")
    assert "being removed" in page_of(lead)
    import_work.undo(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"))
    assert "It was undone: 2 problems and 0 solutions were removed." in page_of(lead)
    assert "undone" in page_of(lead, URL)


def test_what_is_doubtful_is_listed_with_its_line_and_its_place(project, lead):
    factories.problem(project, text=HELD_OUT, split="test", unique_id="test/1")
    doubtful = {
        "What is $\\frac{1}{2$?": "maths that cannot be typeset: { without its end",
        "How long is it in the figure below?": "a figure that is not here: in the figure",
        f"Suppose: {HELD_OUT}.": "13 words in a row of a held-out problem: test/1: let x be",
        "Nobody knows?": "no answer, so that solutions cannot be graded",
        "Again?": "the same problem again in this file",
    }
    lines = [problem_line(text, **({"answer": None} if text == "Nobody knows?" else {})) for text in doubtful]
    send(lead, *lines, lines[-1], problem_line("A plain one, $x^2$?"))
    work(import_work.check)

    page = page_of(lead)

    for words in doubtful.values():
        assert words in page
    numbers = [line["number"] for line in ImportBatch.objects.get().report["check"]["doubtful"]]
    assert numbers == [1, 2, 3, 4, 6]
    lead.post(f"{URL}{ImportBatch.objects.get().pk}/confirm/")
    work(import_work.load)
    assert "the same problem again in this file" in page_of(lead)  # there to be read afterwards, too


def test_lines_in_doubt_are_ticked_and_left_out(project, lead):
    send(lead, problem_line("Nobody knows?", answer=None), problem_line("Where, in the figure below?"), math_line(1))
    work(import_work.check)
    page = page_of(lead)
    assert 'value="a figure that is not here"><span>a figure that is not here <span class="quiet small">1 line<' in page
    url = f"{URL}{ImportBatch.objects.get().pk}/confirm/"
    assert lead.post(url, {"leave_out": "spelling"}).status_code == 400

    lead.post(url, {"leave_out": "a figure that is not here"})
    work(import_work.load)

    page = page_of(lead)
    assert "<dt>Lines left out</dt><dd><b>1</b> <span>a figure that is not here</span>" in page
    assert "Lines with the doubts that were ticked were left out; the others are here." in page
    assert not Problem.objects.filter(text__contains="figure").exists()


def test_what_was_found_again_and_again_at_one_place_is_one_row_with_its_number():
    found = [{"number": number, "path": "problem", "reason": "no such problem"} for number in (14, 14, 14, 16)]
    figures = queries.Figures(refused_lines=found, doubtful_lines=found)

    page = render_to_string("labeling_ui/lead/_import_lines.html", {"lines": figures.doubtful_rows})

    assert [(row.number, row.times) for row in figures.refused_rows] == [(14, 3), (16, 1)]
    assert '<b class="number">3</b> × no such problem' in page
    assert page.count("no such problem") == 2


def test_the_grades_of_answers_are_said_in_the_language_of_the_page(project, lead):
    factories.problem(project, unique_id="here", answer="5")
    send(lead, json.dumps({"unique_id": "here", "steps": ["2\n\n# Answer\n\n2"]}).encode())
    work(import_work.check)

    assert '<span class="tag">Wrong</span> <span>1</span>' in page_of(lead)
    lead.cookies["language"] = "zh-hans"
    assert '<span class="tag">错误</span> <span>1</span>' in page_of(lead)


def test_a_line_is_doubtful_or_refused_and_a_solution_that_no_round_chooses_is_doubtful(project, lead):
    factories.problem(project, unique_id="here")
    kept = {"unique_id": "here", "steps": ["Perhaps $\\frac{1}{2$."]}
    lost = {"unique_id": "nowhere", "steps": ["See the figure below.", "2\n\n# Answer\n\n2"]}
    send(lead, json.dumps(kept).encode(), json.dumps(lost).encode())
    work(import_work.check)

    page = page_of(lead)

    check = ImportBatch.objects.get().report["check"]
    assert [line["number"] for line in check["doubtful"]] == [1, 1]
    assert sum(check["doubts"].values()) == 2
    assert [line["number"] for line in check["refused"]] == [2]
    assert "no final answer, so that no round ever chooses it" in page
    assert "the line has no text to make one of" in page


def test_an_import_that_brought_nothing_is_not_said_to_be_here(project, lead, tmp_path):
    """On a page nobody confirms such a file; a command imports it."""
    path = tmp_path / "math.jsonl"
    path.write_bytes(b"broken")
    import_work.import_file(project=project, path=path, by=None, choices=import_batches.Choices())

    page = page_of(lead)

    assert "It brought nothing" in page
    assert "All of it is here." not in page
    assert "imported" not in page_of(lead, URL)


def test_a_file_of_which_all_is_refused_is_not_said_to_be_here_already(project, lead):
    send(lead, json.dumps({"unique_id": "nowhere", "steps": ["2\n\n# Answer\n\n2"]}).encode())
    work(import_work.check)

    page = page_of(lead)

    assert "none of its lines can be used" in page
    assert "not here already" not in page


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"raw": b""}, "This file is empty."),
        ({"raw": b"problem,answer\nWhat?,2"}, "This is not JSON Lines"),
        ({"raw": b'{"a": 1}'}, "None of the first lines has a layout that is known here."),
        ({"raw": gzip.compress(b"x" * 99)[:-9], "name": "cut.gz"}, "cut.gz cannot be read"),
        ({"raw": b"{}", "split": "elsewhere"}, "Select a valid choice."),
        ({"raw": b"{}", "kind": "poems"}, "Select a valid choice."),
    ],
)
def test_a_file_of_no_use_is_refused_beside_its_field(project, lead, values, error):
    answer = send(lead, **values)

    assert answer.status_code == 400
    assert error in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_no_file_and_one_that_is_too_long_are_told_apart(project, lead, monkeypatch, data_dir):
    assert "This field is required." in lead.post(URL, {"split": "train"}).content.decode()
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)

    answer = send(lead, *[math_line(number) for number in range(50)])

    assert answer.status_code == 400
    assert "A file may have 2 GB. Pack it by gzip, or cut it into several." in answer.content.decode()
    assert list((data_dir / "uploads").iterdir()) == []


def test_nobody_sends_a_file_without_having_signed_in(project, monkeypatch):
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/sign-in/")  # its cookie has Django read the form before the view is asked
    written = []
    monkeypatch.setattr(
        uploads, "UploadedFile", lambda file, **_: SimpleNamespace(write=written.append, close=file.close)
    )

    send(client, math_line(1))

    assert written == []
    assert not ImportBatch.objects.exists()


def test_a_long_file_is_taken_from_a_lead_only(project, alice, charlie, client_for, monkeypatch, data_dir):
    monkeypatch.setattr(uploads, "MAX_ELSEWHERE", 100)
    sent = []
    take = uploads.LimitedUpload.receive_data_chunk
    monkeypatch.setattr(
        uploads.LimitedUpload,
        "receive_data_chunk",
        lambda self, raw, start: sent.append(len(raw)) or take(self, raw, start),
    )
    written = []
    monkeypatch.setattr(
        uploads, "UploadedFile", lambda file, **_: SimpleNamespace(write=written.append, close=file.close)
    )

    for person in (alice, charlie):
        client = Client(enforce_csrf_checks=True)
        client.force_login(person.user, backend=BACKEND)
        client.cookies["csrftoken"] = "a" * 32  # with it Django reads the form before the view is asked
        answer = send(client, *[math_line(number) for number in range(50)])
        assert answer.status_code in (403, 404)

    assert sent
    assert written == []


def test_a_name_that_is_a_path_or_markup_is_only_shown(project, lead, data_dir):
    send(lead, math_line(1), name="..\\..\\<b>x.jsonl")

    assert ImportBatch.objects.get().name == "<b>x.jsonl"
    assert "&lt;b&gt;x.jsonl" in page_of(lead)
    assert [path.parent.name for path in data_dir.rglob("*") if path.is_file()] == ["imports"]


def test_what_cannot_be_done_is_said_in_words(project, lead, dana, alice):
    send(lead, label_line(steps=PHASE_2))
    work(import_work.check)
    batch = ImportBatch.objects.get()
    lead.post(f"{URL}{batch.pk}/confirm/")
    work(import_work.load)

    assert "Undo this import" not in page_of(lead)  # labels stay
    lead.post(f"{URL}{batch.pk}/undo/")
    assert "is in use, so that it cannot be undone: 1 labels" in page_of(lead)
    lead.post(f"{URL}{batch.pk}/cancel/")
    assert "This import has gone on meanwhile." in page_of(lead)


def test_a_failed_import_says_why(project, lead):
    send(lead, math_line(1))
    import_work.fail(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"), error="The disk is full.")

    assert "Nothing of it was kept." in page_of(lead)
    assert "The disk is full." in page_of(lead)


def test_the_parts_that_change_are_asked_for_only_while_a_worker_has_a_file(project, lead):
    assert "data-live=" not in page_of(lead, f"{URL}list/")
    assert "Nothing yet." in page_of(lead, URL)

    send(lead, math_line(1))
    batch = ImportBatch.objects.get()
    Job.objects.update(state="running", lease_until=timezone.now(), done=1, total=2000)

    assert f'data-live="{URL}list/"' in page_of(lead, f"{URL}list/")
    state = page_of(lead, f"{URL}{batch.pk}/state/")
    assert f'data-live="{URL}{batch.pk}/state/"' in state
    assert "1 of 2,000 lines" in state


def test_the_list_is_one_query_however_many_there_are(project, dana, django_assert_num_queries):
    for number in range(3):
        import_batches.request_import(
            project=project,
            by=dana,
            name="x",
            content=[math_line(number)],
            choices=import_batches.Choices(),
        )

    with django_assert_num_queries(1):
        assert len(queries.imports(project, now=timezone.now())) == 3
