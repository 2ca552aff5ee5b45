"""N2, N5: a token is made and revoked, and the time line is read, in a browser."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.services import labelers
from tests import factories
from tests.browser.conftest import sign_in

PHONE = {"viewport": {"width": 390, "height": 844}}


def picture(page, name):
    """To look at: where PICTURES names a folder."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.fixture
def dana(transactional_db):
    return factories.member(factories.project(slug="algebra", name="Algebra"), "lead", "dana")


def test_n2_a_token_is_made_seen_once_and_revoked(dana, open_page):
    page = open_page()
    sign_in(page, dana)
    page.goto("/accounts/security/")
    page.get_by_role("link", name="My tokens").click()
    expect(page.get_by_text("You have none.")).to_be_visible()
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    picture(page, "tokens-empty")

    page.get_by_label("What it is for").fill("nightly export")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text(re.compile("^stepmark_"))).to_be_visible()
    picture(page, "tokens-made")
    page.goto("/accounts/tokens/")
    expect(page.get_by_text(re.compile("^stepmark_"))).to_be_hidden()
    page.set_viewport_size(PHONE["viewport"])
    picture(page, "tokens-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.get_by_role("button", name="Revoke nightly export").click()
    expect(page.get_by_text("The token does not work any more.")).to_be_visible()


def test_n5_a_lead_reads_who_did_what_and_filters_it(dana, open_page):
    project = dana.membership_set.get().project
    alice = factories.member(project, "labeler", "alice")
    labelers.pause(labeler=alice, reason="Please read the new instructions first.", by=dana)
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/settings/")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("row").filter(has_text="pause labeler")).to_be_visible()
    picture(page, "audit")

    page.get_by_label("What").select_option("labeler")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row").filter(has_text="pause labeler")).to_be_hidden()
    expect(page.get_by_role("row").filter(has_text="paused_because").first).to_be_visible()
    page.set_viewport_size(PHONE["viewport"])
    picture(page, "audit-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
