"""A real Chromium before the real site: hashed files, strict policy, its own database."""

import os
import shutil
import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import expect, sync_playwright

from tests import factories
from tests.browser.eyes import Eyes

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# What Chromium itself writes when a test cuts the network or a request is refused; everything else fails the test.
EXPECTED_NOISE = ("Failed to load resource",)
SIGN_IN = "/accounts/sign-in/"

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


def browser_path():
    """The headless shell, the same engine without a window's machinery, takes a third less time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium():
    path = browser_path()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(
            "No page was tried in a browser: no Chromium here, and this is CI. apt-get install chromium-headless-shell"
        )
    if path is None:
        pytest.skip("No page was tried in a browser: no Chromium here. apt-get install chromium-headless-shell")
    # Playwright runs an event loop in this thread, and Django's guard takes it for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Door:
    """Counts who is inside, so that the database is not emptied under a request that a closed page left behind."""

    delay_seconds = 0.0  # added to every answer of the API, for tests of a slow server

    def __init__(self, application):
        self.application = application
        self.inside = 0
        self.moved = threading.Condition()

    def __call__(self, environ, start_response):
        self._move(1)
        try:
            if environ["PATH_INFO"].startswith("/api/"):
                time.sleep(self.delay_seconds)
            return self.application(environ, start_response)
        finally:
            self._move(-1)

    def _move(self, by):
        with self.moved:
            self.inside += by
            self.moved.notify_all()

    def wait_until_empty(self):
        with self.moved:
            assert self.moved.wait_for(lambda: self.inside == 0, timeout=20)


@pytest.fixture
def site(transactional_db, settings):
    """The address of the running site. Static files come from WhiteNoise, as in production."""
    settings.WHITENOISE_AUTOREFRESH = False
    doors = []

    def with_door(application):
        doors.append(Door(application))
        return doors[0]

    thread = LiveServerThread("127.0.0.1", static_handler=with_door)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()
    doors[0].wait_until_empty()
    connections.close_all()


@pytest.fixture
def open_page(chromium, site):
    """open_page(**options of the browser context) → a page in a browser of its own.

    At the end of the test none may have met an error, a violation of the content policy or a script's exception.
    """
    contexts, troubles = [], []

    def opened(**options):
        context = chromium.new_context(**{"base_url": site, "viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        context.on("console", lambda message: message.type == "error" and troubles.append(message.text))
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    assert [trouble for trouble in troubles if not trouble.startswith(EXPECTED_NOISE)] == []


@pytest.fixture
def label_page(open_page):
    """label_page(user) → the labeling page of their project."""

    def opened(user, slug="algebra", **options):
        page = open_page(**options)
        sign_in(page, user)
        page.goto(f"/p/{slug}/label/")
        expect(page.get_by_text("Fetching a solution…")).to_be_hidden()
        return page

    return opened


@pytest.fixture(params=["en", pytest.param("zh-hans", marks=pytest.mark.proof)])
def language(request):
    return request.param


@pytest.fixture
def eyes(open_page, client_for, settings, site, language):
    """eyes(user) → their Eyes; signed in without the form, for the form takes a second each time."""
    people = []

    def opened(user=None):
        page = open_page(reduced_motion="reduce")
        cookies = {settings.LANGUAGE_COOKIE_NAME: language}
        if user:
            cookies[settings.SESSION_COOKIE_NAME] = client_for(user).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
        people.append(Eyes(page))
        return people[-1]

    yield opened
    assert {state: found for one in people for state, found in one.found.items() if found} == {}


def sign_in(page, user):
    """What the form does, without its page: test_labeling.py fills in the form itself."""
    page.request.get(SIGN_IN)
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    form = {"username": user.username, "password": factories.PASSWORD, "csrfmiddlewaretoken": token}
    assert page.request.post(SIGN_IN, form=form, max_redirects=0).status == 302


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def worked_long(page):
    """The person in this labeling page is due for a break after the next label."""
    page.evaluate(
        """() => {
            const { user } = JSON.parse(document.getElementById("label-config").textContent);
            const since = JSON.stringify({ active: 2e6, at: Date.now() });
            localStorage.setItem(`stepmark-since-break-${user}`, since);
        }"""
    )


@contextmanager
def cut(page):
    """The network is gone while the block lasts."""
    page.context.set_offline(True)
    try:
        yield
    finally:
        page.context.set_offline(False)


def close_with_a_label_waiting(page):
    """The first step is bad, and that label does not get through before the page is closed. Returns the context."""
    context = page.context
    context.route("**/labels", lambda route: route.abort())
    press(page, "1", "Enter")
    expect(page.get_by_text("1 label waiting to be saved")).to_be_visible()
    page.close()
    context.unroute("**/labels")
    return context
