"""A campaign from "New project" to the downloaded dataset, each person in a browser of their own (A1, N1, F2, F4, F9, M1, M4)."""

import json
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import expect

from active_learning.domains import chains, toy
from annotation.models import Membership, Slot, User
from annotation.models.jobs import JobKind
from tests import factories, scripted
from tests.annotation.prm800k import assert_sound
from tests.browser.conftest import press
from workers import exports, imports
from workers import rounds as round_work
from workers.duty import work_off

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

KEY = {1: "3", 0: "2", -1: "1"}
PROBLEMS, KNOWN = 6, 2


@pytest.fixture
def files(tmp_path):
    """What a lead has at the beginning: problems, solutions, and solutions whose first error they know."""
    rng = Random(11)
    rows = list(toy.problems(PROBLEMS + KNOWN, rng=rng))
    solved = [next(iter(toy.solutions(row, 1, rng=rng, error_rate=0.3))) for row in rows]
    known = [
        {"problem": row["problem"], "answer": row["answer"], "steps": one["steps"], "error_steps": error_of(row, one)}
        for row, one in zip(rows[PROBLEMS:], solved[PROBLEMS:], strict=True)
    ]
    written = {"problems": rows[:PROBLEMS], "solutions": solved[:PROBLEMS], "known": known}
    for name, lines in written.items():
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in scripted.as_lines(lines)))
    return tmp_path


def error_of(row, solution):
    error = scripted.first_error(chains.rate(row["problem"], solution["steps"]))
    return [] if error is None else [error]


@pytest.fixture
def lead(open_page, settings, tmp_path):
    """A superuser who has come in by the sign-in page."""
    settings.DATA_DIR = tmp_path / "data"
    user = factories.user("olga")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    page = open_page(accept_downloads=True)
    page.goto("/")
    page.get_by_label("User name").fill("olga")
    page.get_by_label("Password").fill(factories.PASSWORD)
    press(page, "Enter")
    return page


def go(page, group, name):
    """By the navigation, as people do."""
    bar = page.locator(".site-nav")
    bar.get_by_role("link", name=group, exact=True).click()
    link = bar.get_by_role("link", name=name, exact=True)
    if link.get_attribute("aria-current") != "page":
        link.click()
    expect(link).to_have_attribute("aria-current", "page")


def send(page, file, heading):
    go(page, "Data", "Import")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    assert work_off(JobKind.IMPORT, imports) == 1
    expect(page.get_by_text("It was checked, and nothing is written yet.")).to_be_visible()
    page.get_by_role("button", name=heading).click()
    assert work_off(JobKind.IMPORT, imports) == 1
    expect(page.get_by_text("All of it is here.")).to_be_visible()


def invite(lead, open_page, name, role):
    """The page of somebody who has followed the link that the lead made."""
    go(lead, "Project", "People")
    lead.get_by_label("E-mail").fill(f"{name}@example.org")
    lead.locator(f"input[name='role'][value='{role}']").check()
    lead.get_by_role("button", name="Make the link").click()
    page = open_page()
    page.goto(lead.locator("#link").inner_text())
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password, at least 12 characters").fill("a long enough password")
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_role("button", name="Create my account")).to_have_count(0)
    assert Membership.objects.get(user__username=name).role == role
    return page


def label_all(page, name, think):
    """Everything that waits, by the keyboard; returns the ratings by solution."""
    page.goto("/p/chains/label/")
    given = {}
    while True:
        expect(page.get_by_text("Fetching a solution…")).to_be_hidden()
        held = Slot.objects.filter(lease_owner__user__username=name, state="leased", prefetched=False)
        slot = held.select_related("solution__problem").first()
        if slot is None:
            expect(page.get_by_role("heading", name="No solutions wait for you now")).to_be_visible()
            return given
        solution = slot.solution
        expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", f"Step 1 of {len(solution.steps)}")
        ratings = think({"problem": {"text": solution.problem.text}, "steps": solution.steps})
        press(page, *[KEY[rating] for rating in ratings], "Enter")
        given[solution.pk] = ratings
        expect(page.locator("[data-done-today]")).to_have_text(str(len(given)))


def downloaded(page, name):
    with page.expect_download() as coming:
        page.get_by_role("link", name=name, exact=True).click()
    return Path(coming.value.path()).read_text()


def test_a_lead_takes_a_campaign_from_a_new_project_to_a_downloaded_dataset(lead, files, open_page):
    found_project(lead)
    send(lead, files / "problems.jsonl", f"Import {PROBLEMS} new ones")
    send(lead, files / "solutions.jsonl", f"Import {PROBLEMS} new ones")
    tell_what_is_known(lead, files / "known.jsonl")
    change_settings(lead)
    ada, ben = (invite(lead, open_page, name, "labeler") for name in ("ada", "ben"))
    start_round(invite(lead, open_page, "mel", "ml"))

    first = label_all(ada, "ada", scripted.oracle)
    second = label_all(ben, "ben", lambda _: [-1])  # calls the first step of everything bad
    assert (len(first), len(second)) == (PROBLEMS + KNOWN, PROBLEMS // 2 + KNOWN)

    look_at_quality(lead, disputed(first, second))
    manifest, lines = make_dataset(lead)
    assert sum(manifest["excluded"].values()) == 2 * KNOWN  # M4
    assert {line["generation"] for line in lines} == {0}
    assert sorted(map(ratings_of, lines)) == sorted(map(tuple, trained(first) + trained(second)))
    go(lead, "Project", "Audit")
    expect(lead.get_by_role("main")).to_contain_text("olga")


def found_project(page):
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name", exact=True).fill("Chain arithmetic")
    page.get_by_label("Short name").fill("chains")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("Chain arithmetic")


def tell_what_is_known(page, file):
    go(page, "Quality", "Known solutions")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(f"known.jsonl: {KNOWN} made, 0 there before, 0 lines refused.")).to_be_visible()


def change_settings(page):
    go(page, "Project", "Settings")
    page.get_by_label("Alternatives at the first error").fill("0")
    page.get_by_label("Share of solutions that two labelers get").fill("0.5")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_label("Share of solutions that two labelers get")).to_have_value("0.5")


def start_round(page):
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Rounds").click()
    page.get_by_label("Problems").fill(str(PROBLEMS))
    page.get_by_role("button", name="Start the round").click()
    assert work_off(JobKind.ROUND, round_work) == 1
    expect(page.get_by_role("link", name="Round 0")).to_be_visible()


def look_at_quality(page, number):
    go(page, "Quality", "Quality control")
    expect(page.get_by_role("row").filter(has_text="ada")).to_contain_text("2 of 2")
    go(page, "Quality", "Agreement")
    expect(page.get_by_role("region", name="Solutions in dispute").get_by_role("link")).to_have_count(number)
    go(page, "Quality", "Adjudication")
    expect(page.get_by_role("link", name="Judge")).to_have_count(number)
    go(page, "Work", "Where it stands")
    expect(page.get_by_role("main")).to_contain_text(str(PROBLEMS + PROBLEMS // 2))


def make_dataset(page):
    """What for training was downloaded, as PRM800K has it: the manifest, and each line, which is sound (M1)."""
    go(page, "Data", "Datasets")
    page.get_by_role("radio", name="For training").check()
    page.get_by_role("button", name="Make the dataset").click()
    assert work_off(JobKind.EXPORT, exports) == 1
    lines = downloaded(page, "phase2_train.jsonl").splitlines()
    for line in lines:
        assert_sound(line)
    return json.loads(downloaded(page, "manifest.json")), [json.loads(line) for line in lines]


def known():
    return set(Slot.objects.filter(arm="gold").values_list("solution", flat=True))


def disputed(first, second):
    """How many solutions, not counting those that are known, both have judged and differently."""
    return sum(first[pk] != ratings for pk, ratings in second.items() if pk not in known())


def trained(given):
    return [ratings for pk, ratings in given.items() if pk not in known()]


def ratings_of(line):
    return tuple(step["completions"][0]["rating"] for step in line["label"]["steps"])
