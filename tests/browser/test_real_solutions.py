"""Real solutions, from the file that comes in to the dataset that goes out, with nothing but keys in between."""

import json
import re

import pytest
from playwright.sync_api import expect

from active_learning import records
from annotation.models import Slot, Solution
from annotation.models.jobs import JobKind
from annotation.models.snapshots import View
from annotation.services import exporting, importing, jobs, rounds
from tests import factories
from tests.browser.conftest import press
from tests.shared_data import shared_lines

# What is pressed for each of the five solutions, and what the export must then say.
WORK = [
    (["1"], "found_error", [-1]),
    (["3", "2", "1"], "found_error", [1, 0, -1]),
    (["3", "g", "Space", "ArrowDown", "Enter"], "give_up", [1]),
    (["2", "3", "b", "ArrowUp", "ArrowUp", "Space", "Enter"], "bad_problem", [0, 1]),
    (None, "solution", None),  # every step great
]


@pytest.fixture
def alice(transactional_db):
    """A labeler with five real PRM800K solutions in the queue, in the order of the file."""
    labeler = factories.member(factories.project(slug="algebra"), "labeler", "alice")
    lines = shared_lines("prm800k_original/phase2_records_14.jsonl")[:5]
    report = importing.import_solutions(
        project=labeler.project, lines=lines, source="real", by=None, new_problems="train"
    )
    assert (report.created, report.refused) == (5, [])
    rounds.start_round(project=labeler.project, by=None)
    job = jobs.claim_job(kind=JobKind.ROUND, worker="test")
    picks = [rounds.Pick(one.pk, "random", -place, {}) for place, one in enumerate(Solution.objects.order_by("pk"))]
    rounds.fill_round(round=job.round, job=job, version=None, picks=picks, report={})
    return labeler


@pytest.mark.shared_data
@pytest.mark.slow
def test_five_real_solutions_labeled_by_keyboard_come_out_of_the_export_as_they_were_rated(alice, label_page, tmp_path):
    page = label_page(alice.user)
    slots = list(Slot.objects.order_by("-priority").select_related("solution"))
    for done, (keys, _reason, _ratings) in enumerate(WORK, start=1):
        steps = len(slots[done - 1].solution.steps)
        expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", re.compile(rf"^Step 1 of {steps}"))
        press(page, *(keys or ["3"] * steps))
        if keys is None or keys[-1] == "1":
            press(page, "Enter")
        expect(page.locator("[data-done-today]")).to_have_text(str(done))

    exporting.export_labels(project=alice.project, view=View.RAW, out_dir=tmp_path / "raw")

    lines = (tmp_path / "raw" / "phase2_train.jsonl").read_text().splitlines()
    exported = [records.parse_line(line) for line in lines]
    assert [record.finish_reason for record in exported] == [reason for _keys, reason, _ratings in WORK]
    for record, slot, (_keys, _reason, ratings) in zip(exported, slots, WORK, strict=True):
        wanted = ratings or [1] * len(slot.solution.steps)
        assert [step.completions[0].rating for step in record.steps] == wanted
        assert [step.completions[0].text for step in record.steps] == slot.solution.steps[: len(wanted)]
        assert record.pre_generated.steps == tuple(slot.solution.steps)
        assert record.labeler == str(alice.pseudonym)
    assert json.loads((tmp_path / "raw" / "manifest.json").read_text())["files"][0]["lines"] == 5
