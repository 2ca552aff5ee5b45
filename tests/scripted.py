"""Scripted people who label over the real HTTP API, each with a mind of their own, and a toy project for them."""

import json
import uuid
from contextlib import closing, contextmanager
from random import Random

from active_learning.domains import chains, toy
from annotation.models import Labeler, User
from annotation.services import gold_import, importing, members
from tests import factories
from workers.browser import Browser

FIRST_LOOK_MS = 1500


def toy_project(*, screening, hidden, pool, **values):
    """So many known solutions of both kinds, and so many that nobody knows, of chain arithmetic."""
    project = factories.project(**{"slug": "chains", "name": "Chains", "alternatives": 0, "base_model": "toy"} | values)
    rng = Random(3)
    rows = list(toy.problems(screening + hidden + pool, rng=rng))
    solved = [next(iter(toy.solutions(row, 1, rng=rng, error_rate=0.2))) for row in rows]
    kinds = ["screening"] * screening + ["hidden"] * hidden
    known = [_known(*one) for one in zip(rows, solved, kinds, strict=False)]
    importing.import_problems(project=project, lines=as_lines(rows[len(known) :]), source="toy", by=None)
    importing.import_solutions(project=project, lines=as_lines(solved[len(known) :]), source="toy", by=None)
    report = gold_import.import_gold(project=project, lines=as_lines(known), source="toy", by=None)
    assert (report.created, report.refused) == (screening + hidden, [])
    return project


def _known(problem, solution, kind):
    """Where there is an error, the step after it is reasonable to name, too."""
    steps = solution["steps"]
    error = first_error(chains.rate(problem["problem"], steps))
    accepted = [] if error is None else [step for step in (error, error + 1) if step < len(steps)]
    return {"problem": problem["problem"], "answer": problem["answer"], "steps": steps, "kind": kind} | {
        "error_steps": accepted
    }


def as_lines(rows):
    return [json.dumps(row).encode() for row in rows]


def first_error(ratings):
    return ratings.index(-1) if -1 in ratings else None


def to_first_error(ratings):
    return ratings[: ratings.index(-1) + 1] if -1 in ratings else ratings


def oracle(assignment):
    return to_first_error(chains.rate(assignment["problem"]["text"], assignment["steps"]))


def honest(noise, seed):
    """Rates as the oracle does, but for a slip in so many steps of a hundred."""

    def think(assignment):
        luck = Random(json.dumps([seed, assignment["steps"]]))
        rated = chains.rate(assignment["problem"]["text"], assignment["steps"])
        return to_first_error([luck.choice([-1, 0, 1]) if luck.random() < noise else one for one in rated])

    return think


def clicking(seed):
    """Any key, without reading."""

    def think(assignment):
        luck = Random(json.dumps([seed, assignment["steps"]]))
        return to_first_error([luck.choice([-1, 0, 1]) for _ in assignment["steps"]])

    return think


def all_great(assignment):
    return [1] * len(assignment["steps"])


def wrong_on_purpose(assignment):
    """No error where there is one, and one at the first step where there is none or it comes later."""
    return all_great(assignment) if -1 in oracle(assignment) else [-1]


def then(first, count, second):
    """Thinks one way so many times, and another way afterwards."""
    thoughts = iter([first] * count)
    return lambda assignment: next(thoughts, second)(assignment)


def a_step_late(assignment):
    """Names the step after the first error, where there is one: a mistake that gold may accept."""
    ratings, count = oracle(assignment), len(assignment["steps"])
    late = ratings[-1] == -1 and len(ratings) < count
    return [*ratings[:-1], 0, -1] if late else ratings


class Person:
    """Somebody in front of the site; `ms` is their time for a step and for each character of it."""

    def __init__(self, browser, slug, name, think, ms):
        self.browser, self.slug, self.name, self.think, self.ms = browser, slug, name, think, ms
        self.given = []  # every assignment, as it came

    @property
    def user(self):
        return User.objects.get(username=self.name)

    @property
    def labeler(self):
        return Labeler.objects.select_related("user").get(project__slug=self.slug, user__username=self.name)

    def ask(self, what, **body):
        return self.browser.post(f"/api/v1/projects/{self.slug}/{what}", body)

    def work(self, most=None):
        """Label until there are so many labels, the queue is empty, or the site says no; gives that last answer."""
        answer = self.ask("claim")
        for _ in range(10_000 if most is None else most):
            if answer.status not in (200, 201) or answer.body["assignment"] is None:
                return answer
            answer = self._label(answer.body["assignment"])
            assert answer.status == 201, answer.body
        return answer

    def work_off(self):
        """As work, and asks once more: only a claim says why there is nothing."""
        self.work()
        return self.ask("claim")

    def _label(self, assignment):
        self.given.append(assignment)
        ratings = self.think(assignment)
        step_ms, character_ms = self.ms
        times = [step_ms + character_ms * len(text) for text in assignment["steps"][: len(ratings)]]
        rows = [
            {"step": step, "option": 0, "rating": rating, "ms": ms}
            for step, (rating, ms) in enumerate(zip(ratings, times, strict=True))
        ]
        whole = sum(times) + (FIRST_LOOK_MS if step_ms >= READING[0] else 0)
        return self.ask(
            "labels",
            id=str(uuid.uuid4()),
            slot=assignment["slot"],
            lease_token=assignment["lease_token"],
            instructions_version=assignment["instructions_version"],
            shown={"answer": True, "read_ahead": assignment["policies"]["read_ahead"], "alternatives": 0},
            finish_reason="found_error" if ratings[-1] == -1 else "solution",
            reason="",
            ratings=rows,
            total_time_ms=whole,
            active_ms=whole,
        )


READING, RACING = (900, 45), (60, 0)


@contextmanager
def at_the_site(url, project, name, think=oracle, *, ms=READING, role="labeler"):
    """A member with this name who has signed in over HTTP."""
    user = factories.user(name)
    members.add_member(project=project, user=user, role=role, by=None)
    with closing(Browser(url)) as browser:
        browser.sign_in(name, factories.PASSWORD)
        yield Person(browser, project.slug, name, think, ms)
