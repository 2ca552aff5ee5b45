"""N1, N7: a lead guards the account and brings somebody in; whoever comes in joins, labels may go, and leaves again."""

import pytest
from playwright.sync_api import expect

from annotation.models import Membership, User
from tests import factories
from tests.browser.conftest import sign_in


@pytest.fixture
def dana(transactional_db):
    return factories.member(factories.project(slug="algebra", name="Algebra"), "lead", "dana")


def test_n7_a_lead_sets_up_the_second_factor_and_signs_in_with_it(dana, open_page, settings):
    settings.REQUIRE_MFA = True
    page = open_page()
    sign_in(page, dana)
    page.goto("/p/algebra/people/")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("img", name="QR code with the secret for your app")).to_be_visible()
    page.get_by_label("Enter the code that it shows now").fill(factories.app_code(dana))
    page.keyboard.press("Enter")
    expect(page.locator(".codes li")).to_have_count(10)
    codes = page.locator(".codes li").all_inner_texts()
    page.get_by_role("link", name="I have written them down").click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()

    page = open_page()
    page.goto("/accounts/sign-in/?next=/p/algebra/people/")
    page.get_by_label("User name").fill("dana")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="People")).to_be_visible()


def test_n1_somebody_is_invited_joins_is_paused_and_deletes_their_account(dana, open_page, site):
    lead = open_page(permissions=["clipboard-read", "clipboard-write"])
    sign_in(lead, dana)
    lead.goto("/p/algebra/people/")
    lead.get_by_label("E-mail").fill("erin@example.org")
    lead.get_by_role("button", name="Make the link").click()
    lead.get_by_role("button", name="Copy the link").click()
    expect(lead.get_by_role("button", name="Copied")).to_be_visible()
    link = lead.evaluate("navigator.clipboard.readText()")
    assert link == lead.locator("#link").inner_text()

    erin = open_page()
    erin.goto(link)
    erin.get_by_label("User name").fill("erin")
    erin.get_by_label("Password, at least 12 characters").fill("a long enough password")
    erin.get_by_role("button", name="Create my account").click()
    expect(erin).to_have_url(f"{site}/p/algebra/work/")

    lead.goto("/p/algebra/people/")
    lead.get_by_text("Change… erin").click()
    lead.get_by_label("Reason for a pause").fill("Asked for a break.")
    lead.get_by_role("button", name="Pause their work").click()
    expect(lead.get_by_role("status").first).to_have_text("erin gets no new solutions. What they hold they may finish.")
    expect(lead.get_by_role("row", name="erin")).to_contain_text("Asked for a break.")

    erin.goto("/accounts/data/")
    erin.get_by_text("Delete my account…").click()
    erin.get_by_label("Your password").fill("a long enough password")
    erin.get_by_role("button", name="Delete my account for good").click()
    expect(erin.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    assert not User.objects.filter(username="erin").exists()
    assert [one.user for one in Membership.objects.all()] == [dana]
