import threading
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from active_learning.domains import chains, toy
from annotation.models import Label, OptionSet, Slot, StepRating
from annotation.models.jobs import JobKind
from annotation.services import queue, rounds
from tests import factories
from tests.annotation.prm800k import exported
from workers import options as option_work
from workers import simulation
from workers.browser import Browser, NotLocal, SiteFailed
from workers.duty import work_off
from workers.opinions import Habits

FAULTLESS = Habits(noise=0.0, give_up=0.0, bad_problem=0.0)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pool(project):
    """Twelve solutions of the toy domain in the queue."""
    fill(project, problems=3)


def fill(project, *, problems):
    """Four solutions of each of so many problems."""
    rng, made = Random(0), []
    for problem in toy.problems(problems, rng=rng):
        owner = factories.problem(project, text=problem["problem"], answer=problem["answer"])
        for solution in toy.solutions(problem, 4, rng=rng, error_rate=0.3):
            made.append(factories.solution(problem_=owner, steps=solution["steps"]))
    round_, job = factories.running_round(project)
    picks = [rounds.Pick(one.pk, "random", 0.5, {}) for one in made]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


def run(project, base_url, *, people=2, habits=FAULTLESS, count=None):
    with simulation.signed_in(project=project, base_url=base_url, count=people) as browsers:
        return simulation.label_all(browsers=browsers, slug=project.slug, habits=habits, count=count)


def ratings_of(label):
    return list(label.steprating_set.filter(option=0).order_by("step").values_list("rating", flat=True))


def truth_of(label):
    """The oracle's ratings, to the first error."""
    truth = chains.rate(label.solution.problem.text, label.solution.steps)
    return truth[: truth.index(-1) + 1] if -1 in truth else truth


@pytest.fixture
def between(live_server):
    """A proxy between labelers and site; `on(path_end, act)` does something to the first such request."""
    acts = {}

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            act = next((acts.pop(end) for end in list(acts) if self.path.endswith(end)), None)
            if act == "lose the request":
                self.close_connection = True
                return
            if callable(act):
                act()
                connection.close()
            site = HTTPConnection(live_server.thread.host, live_server.thread.port)
            site.request(self.command, self.path, body, dict(self.headers))
            answer = site.getresponse()
            text = answer.read()
            site.close()
            if act == "lose the answer":
                self.close_connection = True
                return
            status, text = (503, b"") if act == "be away" else (answer.status, text)
            self.send_response_only(status)
            for name, value in answer.getheaders():
                if name.lower() in ("set-cookie", "content-type", "location"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.on = acts.__setitem__
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_faultless_labelers_empty_the_queue_with_the_ratings_of_the_oracle(project, pool, live_server):
    report = run(project, live_server.url)

    assert report.labels == 12
    assert not Slot.objects.exclude(state="done").exists()
    for label in Label.objects.select_related("solution__problem"):
        wanted = truth_of(label)
        assert ratings_of(label) == wanted
        assert label.finish_reason == ("found_error" if -1 in wanted else "solution")
    assert len(report.submit_seconds) == 12
    assert report.finished == {
        reason: Label.objects.filter(finish_reason=reason).count() for reason in ("found_error", "solution")
    }


@pytest.mark.proof
def test_j3_two_hundred_labels_with_mistakes_take_two_minutes_at_most_and_are_sound_records(project, live_server):
    fill(project, problems=50)

    report = run(project, live_server.url, habits=Habits(noise=0.1, give_up=0.02, bad_problem=0.02, seed=1))

    assert report.labels == Label.objects.count() == 200
    assert report.seconds <= 120
    assert len(exported(project)) == 200
    wrong = [one for one in Label.objects.filter(finish_reason="found_error") if ratings_of(one) != truth_of(one)]
    assert wrong  # the mistakes were made
    assert min(report.finished[reason] for reason in ("found_error", "solution", "give_up", "bad_problem")) > 0


def test_the_labelers_stop_at_the_wanted_number_of_labels(project, pool, live_server):
    assert run(project, live_server.url, people=3, count=5).labels == 5
    assert Label.objects.count() == 5


def test_a_second_run_goes_on_with_new_passwords_and_the_same_labelers(project, pool, live_server):
    run(project, live_server.url, count=5)
    run(project, live_server.url)
    assert Label.objects.count() == 12
    assert Label.objects.values("labeler").distinct().count() == 2


def test_at_an_error_the_alternatives_are_rated_too(project, pool, live_server):
    run(project, live_server.url)

    rated = StepRating.objects.filter(option__gt=0).select_related("label__solution__problem")
    assert rated.count() > 0
    for row in rated:
        problem, steps = row.label.solution.problem.text, row.label.solution.steps[: row.step]
        assert row.rating == chains.rate(problem, [*steps, row.text])[-1]
    assert len(exported(project)) == 12


@pytest.fixture
def dialogues(project, pool):
    project.phase = 1
    project.save()


def test_dialogues_are_held_to_the_right_answer_by_writing_what_is_missing(project, dialogues, live_server):
    report = run(project, live_server.url)

    assert report.finished == {"solution": 12}
    for line in exported(project):
        problem, steps = line["question"]["problem"], line["label"]["steps"]
        path = []
        for step in steps:
            ratings = [option["rating"] for option in step["completions"]]
            assert ratings == [chains.rate(problem, [*path, option["text"]])[-1] for option in step["completions"]]
            chosen = step["chosen_completion"]
            path.append(step["human_completion"]["text"] if chosen is None else step["completions"][chosen]["text"])
        assert -1 not in chains.rate(problem, path)
        assert path[-1].endswith(f"# Answer\n\n{line['question']['ground_truth_answer']}")


def test_who_took_a_wrong_step_gives_up_and_mistakes_make_sound_records_too(project, dialogues, live_server):
    report = run(project, live_server.url, habits=Habits(noise=0.4, give_up=0.1, bad_problem=0.1, seed=3))

    assert report.labels == 12
    assert report.finished["give_up"] > 0
    assert len(exported(project)) == 12


@pytest.mark.parametrize("phase", [1, 2])
def test_labelers_wait_for_what_a_generator_writes(project, pool, live_server, phase):
    project.phase, project.generator = phase, "toy"
    project.save()
    over = threading.Event()

    def write_options():
        while not over.wait(0.05):
            work_off(JobKind.OPTIONS, option_work)
        connection.close()

    worker = threading.Thread(target=write_options)
    worker.start()
    try:
        report = run(project, live_server.url, count=4)
    finally:
        over.set()
        worker.join()

    assert report.labels == 4
    written = {option["source"] for one in OptionSet.objects.all() for option in one.options}
    assert written == {"pool", "generator"}
    assert len(exported(project)) == 4


def test_without_a_worker_the_wait_for_options_ends_with_a_sentence(project, dialogues, live_server, monkeypatch):
    project.generator = "toy"
    project.save()
    monkeypatch.setattr(simulation, "GENERATOR_SECONDS", 0.5)

    with pytest.raises(SiteFailed, match="No worker has written the options"):
        run(project, live_server.url, people=1)


@pytest.mark.parametrize("fault", ["lose the request", "lose the answer", "be away"])
def test_a_label_without_an_answer_is_sent_again_and_stored_once(project, pool, between, fault):
    between.on("/labels", fault)
    report = run(project, between.url)
    assert report.sent_again >= 1
    assert report.labels == Label.objects.count() == 12
    assert not Slot.objects.exclude(state="done").exists()


def test_a_labeler_whose_lease_went_to_somebody_else_leaves_the_solution_to_them(project, pool, bob, between):
    def give_to_bob():
        Slot.objects.filter(state="leased", prefetched=False).update(lease_until=Now() - timedelta(seconds=1))
        queue.release_expired()
        assert queue.claim_next(project=project, by=bob)

    between.on("/heartbeat", give_to_bob)
    # Eleven are wanted of twelve: a solution that was lost takes none of them away.
    habits = Habits(noise=0, give_up=0, bad_problem=0, pause=0.01)
    report = run(project, between.url, people=1, habits=habits, count=11)

    assert report.lost == 1
    assert report.labels == Label.objects.count() == 11
    assert not Label.objects.filter(late=True).exists()
    assert Slot.objects.get(state="leased").lease_owner == bob


def test_somebody_who_does_not_belong_is_a_failure_and_not_an_empty_queue(project, pool, charlie, live_server):
    with closing(Browser(live_server.url)) as browser:
        browser.sign_in("charlie", factories.PASSWORD)
        with pytest.raises(SiteFailed, match="claim was refused with status 404"):
            simulation.label_all(browsers=[browser], slug=project.slug, habits=FAULTLESS)


def test_a_wrong_password_is_said(project, charlie, live_server):
    with closing(Browser(live_server.url)) as browser, pytest.raises(SiteFailed, match="refused for charlie"):
        browser.sign_in("charlie", "not the password")


@pytest.mark.parametrize("url", ["http://stepmark.example", "https://127.0.0.1", "http://10.0.0.1:8000"])
def test_scripted_people_sign_in_on_this_machine_only(url):
    with pytest.raises(NotLocal):
        Browser(url)


def test_the_command_prints_what_was_done_and_how_fast(project, pool, live_server):
    out = StringIO()
    call_command("simulate_labelers", project="algebra", base_url=live_server.url, labelers=2, count=4, stdout=out)
    assert "4 labels" in out.getvalue()
    assert "labels/s" in out.getvalue()


def test_the_command_refuses_a_project_that_is_not_there():
    with pytest.raises(CommandError, match="no project nowhere"):
        call_command("simulate_labelers", project="nowhere")
