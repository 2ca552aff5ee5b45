"""What a labeler's day does to a page (table A of the reliability figures, A16): every key press is in the database
exactly once, whatever became of the network, the tab, the browser, the session, the server or the disk."""

import re
import signal

import psutil
import pytest
from playwright.sync_api import expect

from annotation.models import Label
from annotation.services import guidance
from tests import factories
from tests.browser.conftest import FLAGS, browser_path, close_with_a_label_waiting, cut, press, sign_in

STEPS = ["Let $x=1$.", "Then $x+1=2$.", "So it is.\n\n# Answer\n\n2"]


@pytest.fixture
def alice(transactional_db):
    return labeler_with_work()


def labeler_with_work():
    project = factories.project(slug="algebra", name="Algebra", alternatives=0)
    labeler = factories.member(project, "labeler", "alice")
    guidance.finish_practice(by=labeler)
    factories.queued(project, 6, steps=STEPS)
    return labeler


def presses():
    """Every rating key that reached the database, label by label, oldest first."""
    return [[edit["rating"] for edit in label.edits] for label in Label.objects.order_by("created_at")]


def on_step(page, number):
    expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", re.compile(rf"^Step {number} of "))


def done(page, count):
    expect(page.locator("[data-done-today]")).to_have_text(str(count), timeout=30_000)


def saved(page):
    expect(page.locator("[data-saved-text]")).to_have_text("All saved", timeout=30_000)


@pytest.mark.proof
def test_a_minute_without_the_network_loses_nothing(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    # The next solution is already here.
    page.wait_for_function("navigator.onLine")
    page.wait_for_timeout(500)

    with cut(page):
        press(page, "3", "1", "Enter")
        on_step(page, 1)
        press(page, "3", "2", "3", "Enter")
        expect(page.locator("[data-saved-text]")).to_have_text(re.compile("2 labels waiting to be saved"))
        page.wait_for_timeout(60_000)
        assert Label.objects.count() == 0

    done(page, 2)
    saved(page)
    on_step(page, 1)
    press(page, "1", "Enter")
    done(page, 3)
    assert presses() == [[1, -1], [1, 0, 1], [-1]]


def test_a_killed_tab_loses_nothing(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    context = page.context
    context.route("**/heartbeat", lambda route: route.abort())  # nothing but the device knows of the ratings

    press(page, "3", "2")
    on_step(page, 3)
    page.close()
    again = context.new_page()
    again.goto("/p/algebra/label/")

    on_step(again, 3)
    press(again, "1", "Enter")
    done(again, 1)
    assert presses() == [[1, 0, -1]]


def test_a_killed_browser_loses_nothing(alice, site, chromium, tmp_path):
    kind, path = chromium.browser_type, browser_path()
    options = {"executable_path": path, "args": FLAGS, "base_url": site}
    first = kind.launch_persistent_context(tmp_path / "profile", **options)
    page = first.pages[0]
    sign_in(page, alice.user)
    page.goto("/p/algebra/label/")
    on_step(page, 1)
    first.route("**/api/**", lambda route: route.abort())

    press(page, "3", "1", "Enter", "2", "3")
    on_step(page, 3)
    page.wait_for_timeout(300)
    for process in browser_processes(tmp_path / "profile"):
        process.send_signal(signal.SIGKILL)
    second = kind.launch_persistent_context(tmp_path / "profile", **options)
    again = second.pages[0]
    sign_in(again, alice.user)  # Chromium writes cookies late; the ratings were on the disk with each key
    again.goto("/p/algebra/label/")

    done(again, 1)
    on_step(again, 3)
    press(again, "3", "Enter")
    done(again, 2)
    second.close()
    assert presses() == [[1, -1], [0, 1, 1]]


@pytest.mark.proof
def test_half_a_minute_of_server_errors_loses_nothing(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    page.wait_for_timeout(500)
    broken = []
    page.context.route(
        "**/api/**", lambda route: (broken.append(route.request.url), route.fulfill(status=500, body="no"))
    )

    press(page, "1", "Enter")
    on_step(page, 1)
    press(page, "2", "1", "Enter")
    page.wait_for_timeout(30_000)
    assert Label.objects.count() == 0
    page.context.unroute("**/api/**")

    done(page, 2)
    saved(page)
    assert len(broken) >= 3
    assert presses() == [[-1], [0, -1]]


def test_an_expired_session_loses_nothing(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    page.wait_for_timeout(500)
    page.context.clear_cookies()

    press(page, "1", "Enter")
    on_step(page, 1)
    press(page, "3")
    expect(page.locator("[data-notices]")).to_contain_text("You are signed out. Your work is kept on this device.")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Sign in in a new tab").click()
    popup.value.get_by_label("User name").fill("alice")
    popup.value.get_by_label("Password").fill(factories.PASSWORD)
    popup.value.get_by_role("button", name="Sign in").click()
    done(popup.value, 1)
    popup.value.close()
    page.bring_to_front()
    on_step(page, 2)
    press(page, "1", "Enter")

    done(page, 2)
    saved(page)
    assert presses() == [[-1], [1, -1]]


def test_two_tabs_rate_nothing_twice(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    press(page, "3")
    on_step(page, 2)
    other = page.context.new_page()
    other.goto("/p/algebra/label/")

    expect(other.get_by_role("heading", name="You are labeling in another tab")).to_be_visible()
    press(other, "1", "3")
    other.keyboard.press("Enter")  # work here instead
    on_step(other, 2)
    expect(page.get_by_role("heading", name="You are labeling in another tab")).to_be_visible()
    press(page, "3", "3")
    press(other, "1", "Enter")
    done(other, 1)
    assert presses() == [[1, -1]]


def test_a_label_of_another_project_brings_no_work_of_that_project(alice, label_page):
    geometry = factories.project(slug="geometry", name="Geometry", alternatives=0)
    factories.join(geometry, alice.user)
    factories.queued(geometry, 3, steps=["Two", "steps"])
    page = label_page(alice.user, "geometry")
    on_step(page, 1)
    context = close_with_a_label_waiting(page)

    page = context.new_page()
    page.goto("/p/algebra/label/")
    saved(page)
    expect(page.locator(".step")).to_have_count(len(STEPS))
    done(page, 0)
    press(page, "1", "Enter")
    done(page, 1)
    saved(page)
    assert list(Label.objects.order_by("created_at").values_list("project__slug", flat=True)) == ["geometry", "algebra"]


def test_a_tab_that_does_not_work_takes_no_work(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    other = page.context.new_page()
    other.goto("/p/algebra/label/")
    expect(other.get_by_role("heading", name="You are labeling in another tab")).to_be_visible()
    page.context.route("**/labels", lambda route: route.fulfill(status=401, json={"detail": "Sign in."}))
    press(page, "1", "Enter")
    expect(page.get_by_text("1 label waiting to be saved")).to_be_visible()
    page.context.unroute("**/labels")

    other.evaluate("dispatchEvent(new Event('focus'))")  # which delivers it
    done(other, 1)
    page.evaluate("dispatchEvent(new Event('focus'))")
    saved(page)
    on_step(page, 1)
    press(page, "1", "Enter")  # the solution that the other tab was told of
    done(page, 2)
    other.keyboard.press("Enter")  # work here instead
    on_step(other, 1)
    press(other, "3", "1", "Enter")

    done(other, 3)
    saved(other)
    assert presses() == [[-1], [-1], [1, -1]]


def test_a_browser_that_knows_no_idle_moments_labels_too(alice, open_page):
    page = open_page()
    page.add_init_script("delete window.requestIdleCallback")
    sign_in(page, alice.user)
    page.goto("/p/algebra/label/")

    on_step(page, 1)
    press(page, "1", "Enter")
    on_step(page, 1)
    press(page, "3", "1", "Enter")

    done(page, 2)
    assert presses() == [[-1], [1, -1]]


def test_a_full_device_loses_nothing(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)
    page.evaluate(
        """() => {
            const full = () => { throw new DOMException("full", "QuotaExceededError"); };
            IDBObjectStore.prototype.put = full;
            Storage.prototype.setItem = full;
        }"""
    )
    page.context.route("**/labels", lambda route: route.abort())

    press(page, "3", "1", "Enter")
    expect(page.locator("[data-notices]")).to_contain_text("This device refuses to keep labels")
    expect(page.locator("[data-saved-text]")).to_have_text(re.compile("1 label waiting to be saved"))
    page.context.unroute("**/labels")

    done(page, 1)
    saved(page)
    assert presses() == [[1, -1]]


def test_an_error_found_without_the_network_goes_without_other_steps(alice, label_page):
    alice.project.alternatives = 3
    alice.project.save()
    page = label_page(alice.user)
    on_step(page, 1)

    with cut(page):
        press(page, "1", "Enter")
        expect(page.locator("[data-waiting-text]")).to_contain_text("cannot be fetched now")
        press(page, "Enter")  # tries again
        expect(page.locator("[data-waiting-text]")).to_contain_text("cannot be fetched now")
        expect(page.locator("[data-saved-text]")).to_have_text("Kept on this device")
        page.get_by_role("button", name="Submit without them").click()
        expect(page.locator("[data-saved-text]")).to_have_text(re.compile("1 label waiting"))

    done(page, 1)
    assert Label.objects.get().shown["alternatives"] == 0


def test_a_rating_without_the_network_is_saved_as_soon_as_it_is_back(alice, label_page):
    page = label_page(alice.user)
    on_step(page, 1)

    with cut(page):
        press(page, "3")
        expect(page.locator("[data-saved-text]")).to_have_text("Kept on this device")

    expect(page.locator("[data-saved-text]")).to_have_text("All saved", timeout=5_000)


def browser_processes(profile):
    return [one for one in psutil.process_iter(["cmdline"]) if str(profile) in " ".join(one.info["cmdline"] or [])]
