"""Leads and ML staff before pages that keep themselves up to date, under the same content policy as labelers."""

import pytest
from playwright.sync_api import expect

from annotation.models import Job, Round
from annotation.models.jobs import JobKind
from annotation.services import jobs, rounds, snapshots
from annotation.services.jobs import Progress
from tests import factories
from tests.browser.conftest import cut, sign_in
from tests.labeling_ui.test_ml_pages import finished_round
from tests.labeling_ui.test_model_pages import TRAINED, score

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> $\\href{javascript:alert(3)}{x}$"
PAGES = {
    "dana": ["", "datasets/", "rounds/", "rounds/0/", "rounds/1/"],
    "mel": ["rounds/", "rounds/0/", "rounds/1/"],
}


@pytest.fixture
def project(transactional_db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def dana(project):
    return factories.member(project, "lead", "dana")


@pytest.fixture
def mel(project):
    return factories.member(project, "ml", "mel")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


def beat(job, *values):
    jobs.heartbeat(job=job, progress=Progress(*values))


def publish(snapshot):
    file = {"name": "phase2_train.jsonl", "bytes": 9, "lines": 1, "sha256": "c" * 64}
    job = jobs.claim_job(kind=JobKind.EXPORT, worker="test")
    snapshots.publish(snapshot=snapshot, job=job, manifest={"files": [file]}, sha256="a" * 64)


def lines(number):
    return "\n".join(f"line {place}" for place in range(number))


def test_a_round_is_started_watched_and_read_without_a_reload_by_hand(project, mel, open_page):
    for _ in range(3):
        factories.solution(project)
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/")
    page.get_by_label("Problems").fill("2")
    page.get_by_role("button", name="Start the round").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()

    job = jobs.claim_job(kind=JobKind.ROUND, worker="test")
    round_ = Round.objects.get(job=job)
    beat(job, "train", 3, 8, "loss 0.5")
    expect(page.get_by_text("3 of 8")).to_be_visible()
    expect(page.locator("pre")).to_have_text("loss 0.5")
    expect(page.locator("[data-live-status]")).to_have_text("Round 0: Train the selector on them")
    beat(job, "train", 7, 8, "loss 0.25")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "7")

    picks = [rounds.Pick(pk, "random", 0.5, {}) for pk in project.solution_set.values_list("pk", flat=True)[:2]]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={"labels": 0})
    expect(page.get_by_role("button", name="Start the round")).to_be_visible()
    page.get_by_role("link", name="Round 0").click()
    expect(page.get_by_role("heading", name="What it chose, and why")).to_be_visible()
    expect(page.locator(".picks tbody tr")).to_have_count(2)


def test_what_a_round_will_do_follows_the_choice_without_a_script(project, mel, alice, open_page):
    factories.queued(project, 7)
    for ratings in [(1, 1, 1)] * 4 + [(1, -1)]:
        factories.label(alice, ratings)
    round_, job = factories.running_round(project)
    beat(job, "train", 0, 0)
    rounds.fail_round(round=round_, job=job, error="No memory.")
    page = open_page(java_script_enabled=False)
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/")
    outlook = page.locator(".outlook")

    def expect_chance(is_ticked):
        trained = ["A selector is trained on 5 labels.", "It scores", "80 % of them wrong answers"]
        by_chance = ["Nothing is trained", "It chooses among"]
        for words in trained + by_chance:
            expect(outlook.get_by_text(words)).to_be_visible(visible=(words in by_chance) == is_ticked)
        expect(outlook.get_by_text("No memory.")).to_be_visible()

    expect_chance(True)
    page.get_by_label("Choose by chance").uncheck()
    expect_chance(False)


def test_h6_the_loss_of_a_running_round_is_seen_falling(project, mel, open_page):
    _round, job = factories.running_round(project)
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/0/")
    expect(page.get_by_role("heading", name="Round 0", exact=True)).to_be_visible()
    expect(page.get_by_text("How its loss falls")).to_have_count(0)

    beat(job, "train", 30, 400, "", 2.0, [[10, 1.5], [30, 1.2]])
    expect(page.get_by_role("img", name="Loss over 30 steps of training, from 1.500 to 1.200.")).to_be_visible()
    expect(page.get_by_text("about 3 minutes left · 2.0 a second")).to_be_visible()
    beat(job, "train", 60, 400, "", 2.0, [[10, 1.5], [30, 1.2], [60, 0.3]])
    expect(page.get_by_role("img", name="Loss over 60 steps of training, from 1.500 to 0.300.")).to_be_visible()
    assert page.locator("polyline.line").evaluate("line => line.points.length") == 3


def test_ev10_a_solution_in_the_colours_of_a_model_opens_its_numbers_and_is_printed_dark_on_white(
    project, mel, open_page
):
    # EV10
    solution = factories.solution(project, steps=["Let $x=1$.", "So $x=2$."])
    score(finished_round(project, metrics=TRAINED).selector, solution, 0.9, 0.1)
    page = open_page(color_scheme="dark")
    sign_in(page, mel)
    page.goto(f"/p/algebra/solutions/{solution.pk}/")
    expect(page.locator(".judged .katex")).to_have_count(2)
    tones = page.locator(".judged > li").evaluate_all(
        "steps => steps.map((step) => getComputedStyle(step).borderLeftColor)"
    )
    assert tones[0] != tones[1]
    widths = page.locator(".opinion .part").evaluate_all("bars => bars.map((bar) => bar.getBoundingClientRect().width)")
    assert round(widths[0] / widths[1]) == 9

    expect(page.get_by_role("definition").filter(has_text="0.900")).to_have_count(0)
    page.locator(".opinion summary").first.click()
    expect(page.locator(".triple").first).to_contain_text("0.900")

    page.emulate_media(media="print", color_scheme="dark")
    ink = page.locator(".judged b").first.evaluate("number => getComputedStyle(number).color")
    assert max(int(part) for part in ink.removeprefix("rgb(").removesuffix(")").split(",")) < 64


def test_a_round_is_cancelled_in_two_steps(project, mel, open_page):
    _round, job = factories.running_round(project)
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/0/")

    page.get_by_text("Cancel this round").click()
    page.get_by_role("button", name="Cancel round 0").click()

    expect(page.get_by_text("Round 0 was asked to stop")).to_be_visible()
    assert Job.objects.get(pk=job.pk).cancel_requested


def test_renewing_leaves_focus_and_the_place_in_the_log_alone(project, mel, open_page):
    _round, job = factories.running_round(project)
    beat(job, "train", 1, 8, lines(100))
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/0/")
    log = page.locator("pre")
    # who reads the end goes on reading the end
    beat(job, "train", 2, 8, lines(120))
    expect(page.get_by_text("2 of 8")).to_be_visible()
    assert log.evaluate("log => log.scrollHeight - log.clientHeight - log.scrollTop") <= 1

    log.focus()
    log.evaluate("log => { log.scrollTop = 40; log.dataset.seen = 'the same element' }")
    beat(job, "train", 3, 8, lines(140))
    expect(page.get_by_text("3 of 8")).to_be_visible()

    expect(log).to_be_focused()
    assert log.evaluate("log => log.scrollTop") == 40


def test_a_page_says_when_the_server_is_away_and_goes_on_when_it_is_back(project, mel, open_page):
    _round, job = factories.running_round(project)
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/0/")
    note = page.locator("[data-live-note]")

    with cut(page):
        expect(note).to_contain_text("The server cannot be reached just now.")
        beat(job, "score", 5, 9, "")
    expect(page.get_by_text("5 of 9")).to_be_visible()
    expect(note).to_be_hidden()


def test_a_page_says_when_its_reader_is_signed_out_and_stops_asking(project, mel, open_page):
    factories.running_round(project)
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/0/")

    page.context.clear_cookies()

    expect(page.locator("[data-live-note]")).to_contain_text("you are signed out")
    expect(page.get_by_role("heading", name="Round 0", exact=True)).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(6_000)  # longer than the wait after an answer that did not come
    assert asked == []


def test_a_hidden_tab_asks_for_nothing_until_it_is_seen_again(project, mel, open_page):
    _round, job = factories.running_round(project)
    page = open_page()
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/0/")
    show(page, hidden=True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.wait_for_timeout(3_000)
    assert asked == []

    beat(job, "train", 4, 8, "")
    show(page, hidden=False)
    expect(page.get_by_text("4 of 8")).to_be_visible()


def show(page, *, hidden):
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_the_lead_sees_the_queue_move(project, dana, alice, open_page):
    factories.queued(project, 3)
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/")
    today = page.locator(".figure", has_text="labels today").locator("b")
    expect(today).to_have_text("0")

    factories.label(alice)

    expect(today).to_have_text("1")


def test_a_dataset_appears_when_it_is_complete_and_can_be_saved(project, dana, open_page, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/datasets/")
    page.get_by_label("Raw").check()
    page.get_by_role("button", name="Make the dataset").click()
    expect(page.get_by_text("being made", exact=True)).to_be_visible()

    snapshot = project.snapshot_set.get()
    (tmp_path / snapshot.folder).mkdir(parents=True)
    (tmp_path / snapshot.folder / "phase2_train.jsonl").write_text('{"a": 1}\n')
    publish(snapshot)

    with page.expect_download() as download:
        page.get_by_role("link", name="phase2_train.jsonl").click()
    assert download.value.suggested_filename == f"algebra-dataset-{snapshot.pk}-phase2_train.jsonl"
    assert download.value.path().read_text() == '{"a": 1}\n'


def test_hostile_text_stays_text_everywhere(project, dana, mel, open_page):
    factories.queued(project, problem_=factories.problem(project, text=HOSTILE))
    failed, job = factories.running_round(factories.solution(project).project)
    rounds.fail_round(round=failed, job=job, error=HOSTILE)
    _round, job = factories.running_round(project)
    beat(job, "train", 1, 2, HOSTILE)
    snapshots.request_snapshot(project=project, by=dana, view="raw")
    snapshots.fail(job=jobs.claim_job(kind=JobKind.EXPORT, worker="test"), error=HOSTILE)
    dialogs = []

    for person in (dana, mel):
        page = open_page()
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        sign_in(page, person)
        for path in [*PAGES[person.username], "rounds/2/"]:
            page.goto(f"/p/algebra/{path}")
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator("main img, main a[href^='javascript:']")).to_have_count(0)
    beat(job, "train", 2, 2, f"{HOSTILE} again")
    expect(page.locator("[data-live-part] pre")).to_contain_text("</script> $\\href{javascript:alert(3)}{x}$ again")
    assert dialogs == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_small_telephone(scheme, project, dana, mel, alice, open_page):
    factories.queued(project, 2)
    factories.label(alice)
    _round, job = factories.running_round(project)
    beat(job, "train", 1, 2, "x" * 500)
    publish(snapshots.request_snapshot(project=project, by=dana, view="raw"))
    snapshots.request_snapshot(project=project, by=dana, view="raw")

    for person in (dana, mel):
        page = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
        sign_in(page, person)
        for path in PAGES[person.username]:
            page.goto(f"/p/algebra/{path}")
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == 320, path
