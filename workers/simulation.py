"""Scripted labelers: they sign in and label over HTTP as people do, with the toy domain's oracle for an opinion."""

import json
import math
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from active_learning.domains import chains
from annotation.models import Project
from annotation.models.projects import Role
from annotation.services import members
from workers.browser import Answer, Browser, SiteFailed

# A person's time for one step, drawn evenly: the figures that leads see should look like figures.
READING_MS = (800, 6000)
# Refusals after which the solution is not ours any more, and we go on with the next one; all others are failures.
LOST = {"claim": (), "heartbeat": ("lease_lost",), "labels": ("lease_lost", "already_labelled")}


@dataclass(frozen=True)
class Habits:
    """How the labelers work. The same seed gives the same label of a solution, whoever of them labels it."""

    noise: float = 0.05  # chance that a step gets one of the two wrong ratings
    give_up: float = 0.01
    bad_problem: float = 0.005
    pause: float = 0.0  # seconds over each solution
    seed: int = 0


@dataclass
class Report:
    """What one labeler did, or all of them together."""

    finished: Counter[str] = field(default_factory=Counter)  # labels by finish reason
    late: int = 0
    lost: int = 0  # solutions that went to somebody else meanwhile
    sent_again: int = 0
    seconds: float = 0.0
    submit_seconds: list[float] = field(default_factory=list)  # from the first attempt to the answer

    @property
    def labels(self) -> int:
        return self.finished.total()

    def add(self, other: "Report") -> None:
        self.finished += other.finished
        self.late += other.late
        self.lost += other.lost
        self.sent_again += other.sent_again
        self.submit_seconds += other.submit_seconds

    def figures(self) -> dict[str, Any]:
        return {
            "labels": self.labels,
            **self.finished,
            "late": self.late,
            "lost": self.lost,
            "sent_again": self.sent_again,
            "seconds": round(self.seconds, 2),
            "labels_per_second": round(self.labels / self.seconds, 1) if self.seconds else 0.0,
            "submit_p50_ms": round(1000 * percentile(self.submit_seconds, 0.50), 1),
            "submit_p95_ms": round(1000 * percentile(self.submit_seconds, 0.95), 1),
        }


class Quota:
    """How many labels all labelers together still want; without a limit if none is given."""

    def __init__(self, labels: int | None) -> None:
        self._left = math.inf if labels is None else labels
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self._left += 1


@contextmanager
def signed_in(*, project: Project, base_url: str, count: int) -> Iterator[list[Browser]]:
    """Browsers of that many scripted labelers, whose random passwords are new with every call and kept nowhere.

    Their names hold the project's: two simulations at a time would end each other's sessions.
    Raises browser.NotLocal, browser.SiteFailed.
    """
    with ExitStack() as stack:
        browsers = [stack.enter_context(closing(Browser(base_url))) for _ in range(count)]
        for number, browser in enumerate(browsers, start=1):
            username, password = f"{project.slug}-sim-{number}", secrets.token_urlsafe(16)
            user = members.set_account(username=username, password=password)
            members.add_member(project=project, user=user, role=Role.LABELER, by=None)
            browser.sign_in(username, password)
        yield browsers


def label_all(*, browsers: Sequence[Browser], slug: str, habits: Habits, count: int | None = None) -> Report:
    """Label side by side until the queue is empty or there are `count` labels.

    Raises browser.SiteFailed, chains.Unreadable.
    """
    started = time.monotonic()
    quota, total = Quota(count), Report()
    people = [_Labeler(browser, slug, habits, quota) for browser in browsers]
    with ThreadPoolExecutor(len(people)) as threads:
        for report in threads.map(_Labeler.work, people):
            total.add(report)
    total.seconds = time.monotonic() - started
    return total


class _Labeler:
    def __init__(self, browser: Browser, slug: str, habits: Habits, quota: Quota) -> None:
        self._browser = browser
        self._api = f"/api/v1/projects/{slug}"
        self._habits = habits
        self._quota = quota
        self._report = Report()

    def work(self) -> Report:
        assignment = self._claim()
        while assignment and self._quota.take():
            answer = self._read(assignment) or self._submit(assignment)
            if answer.status in (200, 201):
                assignment = answer.body["assignment"]
            else:
                self._quota.give_back()
                self._report.lost += 1
                assignment = self._claim()
        return self._report

    def _claim(self) -> dict[str, Any] | None:
        assignment: dict[str, Any] | None = self._ask("claim", {}).body["assignment"]
        return assignment

    def _read(self, assignment: dict[str, Any]) -> Answer | None:
        """Take the time that a person takes; gives the refusal when the lease is lost by then."""
        if not self._habits.pause:
            return None
        time.sleep(self._habits.pause)
        body = {"slot": assignment["slot"], "lease_token": assignment["lease_token"], "draft": None}
        answer = self._ask("heartbeat", body)
        return None if answer.status == 200 else answer

    def _submit(self, assignment: dict[str, Any]) -> Answer:
        judgement = judge(assignment, self._habits)
        body = {
            "id": str(uuid.uuid4()),
            "slot": assignment["slot"],
            "lease_token": assignment["lease_token"],
            "instructions_version": assignment["instructions_version"],
            "shown": {
                "answer": assignment["policies"]["answer"] == "always",
                "read_ahead": assignment["policies"]["read_ahead"],
            },
            **judgement,
        }
        started = time.monotonic()
        answer = self._ask("labels", body)
        if answer.status in (200, 201):
            self._report.submit_seconds.append(time.monotonic() - started)
            self._report.finished[judgement["finish_reason"]] += 1
            self._report.late += answer.body["label"]["late"]
        return answer

    def _ask(self, what: str, body: dict[str, Any]) -> Answer:
        answer = self._browser.post(f"{self._api}/{what}", body)
        self._report.sent_again += answer.attempts - 1
        if answer.status >= 400 and (answer.body or {}).get("code") not in LOST[what]:
            raise SiteFailed(f"{what} was refused with status {answer.status}: {answer.body}")
        return answer


def judge(assignment: dict[str, Any], habits: Habits) -> dict[str, Any]:
    """The label that an honest but not faultless labeler gives. Raises chains.Unreadable."""
    problem, steps = assignment["problem"]["text"], assignment["steps"]
    rng = Random(json.dumps([habits.seed, problem, steps]))
    truth = chains.rate(problem, steps)
    given = [_mistaken(rating, rng) if rng.random() < habits.noise else rating for rating in truth]
    ratings = given[: given.index(-1) + 1] if -1 in given else given
    finish_reason, reason = "found_error" if ratings[-1] == -1 else "solution", ""
    if rng.random() < habits.give_up:
        finish_reason, reason, ratings = "give_up", "I cannot follow this.", ratings[:1]
    elif rng.random() < habits.bad_problem:
        finish_reason, reason, ratings = "bad_problem", "The problem can be read in two ways.", []
    rows = [{"step": n, "option": 0, "rating": r, "ms": rng.randint(*READING_MS)} for n, r in enumerate(ratings)]
    time_ms = sum(row["ms"] for row in rows) + READING_MS[0]
    return {
        "finish_reason": finish_reason,
        "reason": reason,
        "ratings": rows,
        "total_time_ms": time_ms,
        "active_ms": time_ms,
    }


def _mistaken(rating: int, rng: Random) -> int:
    return rng.choice([other for other in (-1, 0, 1) if other != rating])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed (nearest rank); 0 of none."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else 0.0
