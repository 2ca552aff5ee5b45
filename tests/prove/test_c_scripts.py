"""C9: strings that would be scripts, in every text that people or models write, on every page, in a real browser."""

# ruff: noqa: F811 - fixtures of the browser tests, taken over by name
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.conf import settings as site_settings
from django.contrib.postgres.fields import ArrayField
from django.db import Error, models, transaction
from django.test import Client
from django.urls import reverse

from annotation.services import guidance
from labeling_ui.second_factor import BACKEND
from tests.access import matrix, world
from tests.access.test_matrix import address
from tests.browser.conftest import site  # noqa: F401
from tests.prove.scripts import corpus

# What names a file, an address or a hash is nobody's text.
NO_TEXT = {"slug", "folder", "checkpoint", "sha256", "data_sha256", "content_hash", "password", "url"}
WATCH = """
window.reports = [];
document.addEventListener('securitypolicyviolation', (event) => window.reports.push(event.effectiveDirective));
"""
# KaTeX sets style attributes, which the policy stops and nobody misses (docs/decisions); scripts are what this is about.
FOUND = """() => ({
  ran: (window.ran || []).length,
  reports: (window.reports || []).filter((one) => /script|trusted/.test(one)).length,
  shown: (document.body.innerText.match(/window\\.ran/g) || []).length,
})"""


def text_fields():
    for model in apps.get_app_config("annotation").get_models():
        for field in model._meta.concrete_fields:
            is_array = isinstance(field, ArrayField) and isinstance(
                field.base_field, models.CharField | models.TextField
            )
            is_text = type(field) in (models.CharField, models.TextField, models.EmailField) and not field.choices
            if (is_text or is_array) and field.name not in NO_TEXT and not model.__name__.endswith("Event"):
                yield model, field, is_array


def poison(strings):
    """Put them into every text column that takes them; how many columns did."""
    taken = 0
    for number, (model, field, is_array) in enumerate(text_fields()):
        turned = strings[number % len(strings) :] + strings[: number % len(strings)]
        rows = model._base_manager.all()
        try:
            with transaction.atomic():
                taken += bool(sum(_write(row, field, turned, is_array) for row in rows))
        except Error:
            continue  # append-only, or a rule that such a text breaks: nobody can write it there
    return taken


def _write(row, field, strings, is_array):
    longest = field.max_length or 100_000
    text = "\n\n".join(strings)
    if len(text) > longest:
        text = next((one for one in strings if len(one) < longest - 12), "")
    if field.unique:
        text = f"{text} {row.pk}"
    value = [text] * max(1, len(getattr(row, field.name) or [])) if is_array else text
    return type(row)._base_manager.filter(pk=row.pk).update(**{field.name: value})


def pages(there):
    """(role, address) of every page that shows something."""
    for name, row in matrix.PAGES.items():
        who = row.get("GET", "").split()
        role = "lead" if "lead" in who or row.get("GET") in (matrix.SIGNED_IN, matrix.ANY_LEAD) else "labeler"
        if "GET" in row and name not in (
            "dataset_file",
            "personal_data_file",
            "pay_record",
            "healthz",
            "readyz",
            "who",
        ):
            yield role, address(name, there)


@contextmanager
def browser_of(chromium, site, user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    name = site_settings.SESSION_COOKIE_NAME
    context = chromium.new_context(base_url=site)
    context.add_init_script(WATCH)
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])
    yield context.new_page()
    context.close()


def look(chromium, site, there, visited):
    """Scripts that ran, what the policy reported, how often a string was read as text, pages."""
    sums = {"ran": 0, "reports": 0, "shown": 0, "pages": 0}
    for role in ("lead", "labeler"):
        with browser_of(chromium, site, there.people[role]) as page:
            for path in [path for who, path in visited if who == role]:
                page.goto(path)
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
                page.wait_for_timeout(50)
                found = page.evaluate(FOUND) | {"pages": 1}
                sums = {key: sums[key] + found[key] for key in sums}
    return sums


@pytest.mark.figure(
    "C9", "strings that would be scripts × text columns × pages, in Chromium", "0 run, 0 reported by the policy"
)
def test_no_text_becomes_a_script(prove, chromium, site, tmp_path, settings, monkeypatch):
    settings.DATA_DIR = tmp_path
    there = world.build(tmp_path)
    guidance.finish_practice(by=there.labeler)
    strings = corpus(prove.count(short=50, full=500))
    visited = list(pages(there))
    columns = poison(strings)
    found = look(chromium, site, there, visited)
    prove.measured(
        f"{found['ran']} ran, {found['reports']} reported: {len(strings)} strings in {columns} columns, read {found['shown']} times on {found['pages']} pages"
    )
    assert (found["ran"], found["reports"]) == (0, 0)
    assert columns > 20
    assert found["shown"] > 20 * len(strings)

    problems = [("lead", reverse("problems", args=["algebra"]))]
    monkeypatch.setattr("django.template.base.render_value_in_context", lambda value, _context: str(value))
    stopped = look(chromium, site, there, problems)
    settings.CONTENT_SECURITY_POLICY = {"EXCLUDE_URL_PREFIXES": ("/",)}
    loose = look(chromium, site, there, problems)
    prove.control(
        f"a page that escapes nothing: {stopped['ran']} ran, {stopped['reports']} reported; without the policy {loose['ran']} ran"
    )
    assert stopped["ran"] == 0 < stopped["reports"]
    assert loose["ran"] > 0
