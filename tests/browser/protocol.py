"""What the tests of the labeling protocol share: work with other steps beside it, and the server asked past the page."""

import json
import re
import time
import uuid
from random import Random

from playwright.sync_api import expect

from active_learning.domains import toy
from annotation.models import Label, Slot, StepRating
from annotation.models.jobs import JobKind
from annotation.models.snapshots import View
from annotation.services import rounds
from annotation.services.exporting import export_labels
from tests import factories
from tests.annotation.prm800k import assert_sound
from workers import options as option_work
from workers.duty import work_off


def with_pool(project, steps, *others, values=None, **problem):
    """A solution, and in the pool of its problem the others, each given by its steps."""
    owner = factories.problem(project, **problem)
    for other in others:
        factories.solution(problem_=owner, steps=list(other))
    return factories.solution(problem_=owner, steps=list(steps), **values or {})


def toy_solution(project, *, others=0):
    """A right solution of chain arithmetic, which the scripted generator can go on with."""
    (row,) = toy.problems(1, rng=Random(4))
    right, *more = toy.solutions(row, 1 + others, rng=Random(4), error_rate=0.0)
    return with_pool(
        project, right["steps"], *(one["steps"] for one in more), text=row["problem"], answer=row["answer"]
    )


def give_out(*solutions, arms=None, reason=None):
    """Put the solutions into the queue in this order, each one from its arm."""
    round_, job = factories.running_round(solutions[0].project)
    picks = [
        rounds.Pick(one.pk, arm, 1 - place / 100, reason or {})
        for place, (one, arm) in enumerate(zip(solutions, arms or ["remaining"] * len(solutions), strict=True))
    ]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


# What the labeler sees -----------------------------------------------------------------------------------------------


def on_step(page, number):
    expect(page.locator(".step[aria-current]")).to_have_attribute("aria-label", re.compile(rf"^Step {number} of "))


def row(page, number):
    """The row of a step, counted from 1 as on the page."""
    return page.locator(".step").nth(number - 1)


def submit_says(page, *words, ready):
    """Submit, with what it says is missing."""
    button = page.locator("[data-act=submit]")
    for word in words:
        expect(button).to_contain_text(word)
    expect(button).to_have_attribute("aria-disabled", str(not ready).lower())


def handed_in(page, count):
    expect(page.locator("[data-done-today]")).to_have_text(str(count))


def generator_writes():
    """A worker does the one job that the page has asked for, or is about to ask for."""
    deadline = time.monotonic() + 10
    while not work_off(JobKind.OPTIONS, option_work):
        assert time.monotonic() < deadline, "nobody asked the generator for anything"


# What is stored, and what goes out -----------------------------------------------------------------------------------


def ratings(label=None):
    """(step, option, rating) of the only label, or of the one given; both counted from 0."""
    rows = StepRating.objects.filter(label=label or Label.objects.get()).order_by("step", "option")
    return list(rows.values_list("step", "option", "rating"))


def edits(label=None):
    """(step, option, rating) as they were given, one for each press of a key."""
    return [(one["step"], one["option"], one["rating"]) for one in (label or Label.objects.get()).edits]


def exported(project, folder, view=View.RAW):
    """The lines that an export writes, each one checked against the rules of the format."""
    manifest = export_labels(project=project, view=view, out_dir=folder)
    texts = [line for file in manifest.files for line in (folder / file.name).read_text().split("\n") if line]
    for text in texts:
        assert_sound(text)
    return [json.loads(text) for text in texts]


def extensions(folder):
    """What that export says beside the lines, for which PRM800K has no place."""
    return [json.loads(line) for line in (folder / "extensions.jsonl").read_text().split("\n") if line]


# What the page would not send ----------------------------------------------------------------------------------------


def post(page, name, body):
    """(status, answer) of the API, asked as the person who is signed in on the page."""
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    answer = page.request.post(f"/api/v1/projects/algebra/{name}", data=body, headers={"X-CSRFToken": token})
    return answer.status, answer.json()


def held():
    """The slot in front of the labeler, as the API wants it named."""
    slot = Slot.objects.get(state="leased", prefetched=False)
    return {"slot": slot.pk, "lease_token": str(slot.lease_token)}


def refused(page, rows, *, finish_reason, **values):
    """Why the API takes no label with these (step, option, rating) of what lies in front."""
    given = [{"step": step, "option": option, "rating": rating} for step, option, rating in rows]
    body = {"id": str(uuid.uuid4()), "finish_reason": finish_reason, "ratings": given, "total_time_ms": 1000}
    status, answer = post(page, "labels", body | held() | values)
    assert (status, answer.get("code")) == (400, "incomplete_label"), answer
    assert not Label.objects.exists()
    return answer["detail"]
