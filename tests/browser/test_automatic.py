"""Automatic labels and runs of a generator in a real browser: asked for, watched, stopped, compared (rows K8, A4, E10)."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.models import AutomaticSource, Job, Slot
from annotation.models.jobs import JobKind
from annotation.services import jobs
from tests import factories
from tests.annotation.test_consensus import CASES, judged
from tests.browser.conftest import sign_in


@pytest.fixture
def project(transactional_db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return factories.project(slug="algebra", name="Algebra")


def picture(page, name):
    if folder := os.environ.get("STEPMARK_PICTURES"):
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)


def test_k8_a_lead_has_solutions_labeled_watches_it_and_sends_what_differs_to_people(project, dana, alice, open_page):
    done = judged(project, alice, *CASES)
    Job.objects.filter(pk=done.job_id).update(state="done", finished_at=done.created_at)
    AutomaticSource.objects.filter(pk=done.pk).update(report={"chosen": 6, "labeled": 6, "tokens": 1200})
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/automatic/")
    page.get_by_label("Name").fill("toy, by chance")
    page.get_by_role("button", name="Count tokens").press("Enter")
    expect(page.get_by_text("6 solutions with 18 steps")).to_be_visible()
    picture(page, "automatic-counted")

    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="toy, by chance")).to_be_visible()
    job = jobs.claim_job(kind=JobKind.AUTOMATIC, worker="test")
    jobs.heartbeat(job=job, progress=jobs.Progress("roll out", 2, 6))
    expect(page.get_by_text("2 of 6")).to_be_visible()  # the page has looked by itself
    page.get_by_text("Stop it…").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("It was asked to stop.")).to_be_visible()
    page.goto(f"/p/algebra/automatic/{done.pk}/")
    page.get_by_text("Send the disagreements to people…").click()
    picture(page, "automatic-source")
    page.get_by_role("button", name="Send them").click()

    expect(page.get_by_text("4 solutions wait for a second label.")).to_be_visible()
    assert Slot.objects.filter(served_reason__automatic=done.pk).count() == 4
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_e10_pages_of_automatic_labels_and_of_generators(project, dana, alice, eyes):
    one = eyes(dana)
    for path in ("automatic/", "samplings/"):
        one.visit(f"/p/algebra/{path}", state=f"nothing yet: {path}")
    done = judged(project, alice, *CASES)
    Job.objects.filter(pk=done.job_id).update(state="done", finished_at=done.created_at)
    AutomaticSource.objects.filter(pk=done.pk).update(report={"chosen": 6, "labeled": 6, "tokens": 1200})
    factories.automatic_source(project, "waiting")
    for path in ("automatic/", f"automatic/{done.pk}/", "samplings/", "rounds/"):
        one.visit(f"/p/algebra/{path}")
    one.visit("/p/algebra/automatic/", state="to be asked for")
    one.page.locator("input[name=rollouts]").fill("0")
    one.click("a number that is too small", "main form button[value=start]", wait_for="[role=alert]")
