"""A lead sends a file through a real browser, sees what the check found, imports it and takes it back (row A1)."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.models import Problem
from annotation.models.jobs import JobKind
from tests import factories
from tests.browser.conftest import sign_in
from workers import imports
from workers.duty import work_off

HELD_OUT = "Let $x$ be the number of ways in which a bakery can sell three kinds of bread to eleven people."
LINES = [
    {"problem": "What is $\\frac{1}{2} + \\frac{1}{2}$?", "answer": "1", "unique_id": "train/1", "level": 1},
    {"problem": "What is $\\frac{1}{2$?", "answer": "1", "unique_id": "train/2", "level": 1},
    {"problem": "How long is $AB$ in the figure below?", "answer": "5", "unique_id": "train/3", "level": 3},
    {"problem": f"Suppose this: {HELD_OUT}", "answer": "5", "unique_id": "train/4", "level": 3},
    {"problem": "", "answer": "5"},
]


@pytest.fixture
def dana(transactional_db, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    project = factories.project(slug="algebra", name="Algebra")
    factories.problem(project, text=HELD_OUT, split="test", unique_id="test/algebra/1.json")
    return factories.member(project, "lead", "dana")


def picture(page, name):
    if folder := os.environ.get("STEPMARK_PICTURES"):
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)


@pytest.mark.parametrize(
    ("name", "options"),
    [("light", {}), ("dark", {"color_scheme": "dark"}), ("narrow", {"viewport": {"width": 390, "height": 844}})],
)
def test_a_file_is_sent_looked_at_imported_and_taken_back(dana, open_page, tmp_path, name, options):
    file = tmp_path / "problems.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    page = open_page(**options)
    sign_in(page, dana)
    page.goto("/p/algebra/imports/")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    picture(page, f"import-empty-{name}")

    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("being checked")).to_be_visible()
    work_off(JobKind.IMPORT, imports)
    expect(page.get_by_role("heading", name="Look at these")).to_be_visible()  # the page has looked by itself
    expect(page.get_by_text("13 words in a row of a held-out problem: test/algebra/1.json")).to_be_visible()
    expect(page.get_by_text("the problem is empty")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"import-checked-{name}")

    doubtful = page.get_by_role("group", name="Leave out lines in doubt")
    for kind in ("maths that cannot", "a figure that", "13 words"):
        doubtful.get_by_label(kind).check()
    expect(doubtful.get_by_text("3 lines are left out.")).to_be_visible()
    expect(page.get_by_role("button", name="Import without these lines")).to_be_enabled()
    picture(page, f"import-leave-out-{name}")
    doubtful.get_by_label("a figure that").uncheck()
    page.get_by_role("button", name="Import without these lines").click()
    work_off(JobKind.IMPORT, imports)
    expect(page.get_by_text("All of it is here.")).to_be_visible()
    picture(page, f"import-done-{name}")
    page.get_by_text("Undo this import…").click()
    page.get_by_role("button", name="Remove what it brought").click()
    work_off(JobKind.IMPORT, imports)
    expect(page.get_by_text("It was undone: 2 problems")).to_be_visible()

    assert list(Problem.objects.values_list("split", flat=True)) == ["test"]
    page.goto("/p/algebra/imports/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"import-list-{name}")
