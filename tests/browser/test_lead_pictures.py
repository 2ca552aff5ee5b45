"""Takes the pictures of docs/leading.md: `make pictures`. Scripted people have worked for two weeks in a toy project."""

import json
from datetime import timedelta
from random import Random

import pgtrigger
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotation.models import Label, Labeler, Project, Solution
from annotation.models.jobs import JobKind
from annotation.services import members, quality, queue, rounds, snapshots
from annotation.services.queue import LabelerPaused
from tests import factories, scripted
from tests.browser.conftest import sign_in
from tests.browser.test_imports import HELD_OUT, LINES
from tests.browser.test_pictures import PICTURES, WIDE
from workers import exports, imports
from workers import rounds as round_work
from workers.duty import work_off

pytestmark = pytest.mark.pictures

DAYS = 13
MINDS = {
    "Ada": scripted.honest(0.02, seed=1),
    "Ben": scripted.honest(0.06, seed=2),
    "Chen": scripted.honest(0.03, seed=3),
    "Dora": scripted.honest(0.1, seed=4),
    "Eli": scripted.then(scripted.oracle, 6, scripted.clicking(seed=5)),
}


@pytest.fixture
def project(transactional_db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    made = scripted.toy_project(
        screening=6,
        hidden=16,
        pool=160,
        overlap_share=0.3,
        screening_items=6,
        quality_items_per_round=12,
        most_of_problem_per_labeler=0,
        hourly_cost=24.0,
        currency="EUR",
        name="Chain arithmetic",
    )
    return made


@pytest.fixture
def dana(project):
    user = factories.user("Dana")
    members.add_member(project=project, user=user, role="lead", by=None)
    return user


@pytest.fixture
def people(project, dana):
    found = []
    for name in MINDS:
        user = factories.user(name)
        members.add_member(project=project, user=user, role="labeler", by=dana)
        found.append(Labeler.objects.get(project=project, user=user))
    return found


def again(labeler):
    return Labeler.objects.select_related("project", "user").get(pk=labeler.pk)


def label_next(labeler, luck):
    """False where nothing waits for them."""
    try:
        held = queue.claim_next(project=labeler.project, by=labeler, luck=luck)
    except LabelerPaused:
        return False
    if held is None:
        return False
    ratings = MINDS[labeler.user.username]({"problem": {"text": held.problem.text}, "steps": held.steps})
    ms = sum(luck.randint(2500, 9000) + 40 * len(text) for text in held.steps[: len(ratings)])
    factories.submit(labeler, held, ratings, total_time_ms=ms + 3000, active_ms=ms)
    return True


def work(people, luck, *, most):
    """One label each in turn, in an order by chance."""
    busy, given = [*people], 0
    while busy and given < most:
        one = luck.choice(busy)
        if label_next(again(one), luck):
            given += 1
        else:
            busy.remove(one)


def spread_over_days(project, luck):
    """The labels as if they had been given in the last two weeks, in the order in which they were."""
    labels = list(Label.objects.filter(project=project).order_by("created_at", "pk"))
    pace = [luck.choice([0.3, 0.8, 1.0, 1.2, 1.4]) for _ in range(DAYS)] + [0.6]
    ends, today = [sum(pace[: day + 1]) / sum(pace) for day in range(len(pace))], timezone.now()
    for place, one in enumerate(labels):
        day = next(day for day, end in enumerate(ends) if place / len(labels) < end)
        one.created_at = today - timedelta(days=DAYS - day, minutes=luck.randint(0, 300) if day < DAYS else 5)
    with pgtrigger.ignore("annotation.Label:append_only"):
        Label.objects.bulk_update(labels, ["created_at"], batch_size=500)


@pytest.fixture
def campaign(project, dana, people):
    """Two rounds, one labeler who was paused and left out, one disagreement that was decided."""
    luck = Random(7)
    work(people, luck, most=6 * len(people))
    for number in range(2):
        rounds.start_round(project=project, by=None, problems=70, per_problem=1, seed=number, by_chance=True)
        assert work_off(JobKind.ROUND, round_work) == 1
        work(people, luck, most=400 if number == 0 else 60)
    spread_over_days(project, luck)
    eli = again(people[-1])
    quality.exclude(labeler=eli, since=timezone.now() - timedelta(days=20), reason="Clicked through.", by=dana)
    snapshots.request_snapshot(project=project, by=dana, view="training")
    assert work_off(JobKind.EXPORT, exports) == 1
    return Project.objects.get(pk=project.pk)


def take(page, name, height):
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)
    clip = {"x": 0, "y": 0, "width": WIDE["viewport"]["width"], "height": height}
    page.screenshot(path=PICTURES / f"{name}.png", clip=clip, full_page=True)


def test_the_desk_of_a_lead(campaign, dana, open_page, tmp_path):
    page = open_page(reduced_motion="reduce", **WIDE)
    sign_in(page, dana)
    for name, address, height in (
        ("lead-stands", "", 1500),
        ("lead-labelers", "labelers/", 900),
        ("lead-quality", "quality/", 1100),
        ("lead-agreement", "agreement/", 1500),
        ("lead-datasets", "datasets/", 1300),
        ("lead-audit", "audit/?who=Dana", 900),
    ):
        page.goto(f"/p/chains/{address}")
        expect(page.locator("main h1")).to_be_visible()
        take(page, name, height)
    decide(page)
    send(page, tmp_path, campaign)


def decide(page):
    page.goto("/p/chains/adjudication/")
    page.get_by_role("link", name="Judge").first.click()
    solution = Solution.objects.select_related("problem").get(pk=page.url.rstrip("/").split("/")[-1])
    seen = {"problem": {"text": solution.problem.text}, "steps": solution.steps}
    for step, rating in enumerate(scripted.oracle(seen)):
        page.locator(f"input[name='step-{step}'][value='{rating}']").check()
    page.get_by_role("button", name="Keep my judgement").click()
    expect(page.get_by_text("Your judgement is kept.")).to_be_visible()
    take(page, "lead-adjudication", 1200)


def send(page, folder, project):
    factories.problem(project, text=HELD_OUT, split="test", unique_id="test/algebra/1.json")
    (folder / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    page.goto("/p/chains/imports/")
    page.get_by_label("File", exact=True).set_input_files(folder / "problems.jsonl")
    page.get_by_role("button", name="Check the file").click()
    assert work_off(JobKind.IMPORT, imports) == 1
    expect(page.get_by_role("heading", name="Look at these")).to_be_visible()
    take(page, "lead-import", 1200)
