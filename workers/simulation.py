"""Scripted labelers: they sign in and label over HTTP as people do; what they think is in opinions.py."""

import math
import secrets
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from annotation.models import Project
from annotation.models.projects import Role
from annotation.services import members
from workers import opinions
from workers.browser import Answer, Browser, SiteFailed
from workers.opinions import Habits, Turn

# Refusals after which the solution is not ours any more, and we go on with the next one; all others are failures.
LOST = {"heartbeat": ("lease_lost",), "labels": ("lease_lost", "already_labelled")}
GENERATOR_SECONDS = 60.0  # for a worker to write options
LOOK_SECONDS = 0.2
LONGEST = 40  # turns of a dialogue


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
        answer = self._ask("heartbeat", {**_place(assignment), "draft": None})
        return None if answer.status == 200 else answer

    def _submit(self, assignment: dict[str, Any]) -> Answer:
        judgement, shown = (self._hold_dialogue if assignment["policies"]["phase"] == 1 else self._judge)(assignment)
        body = {
            "id": str(uuid.uuid4()),
            **_place(assignment),
            "instructions_version": assignment["instructions_version"],
            "shown": {
                "answer": assignment["policies"]["answer"] == "always",
                "read_ahead": assignment["policies"]["read_ahead"],
                "alternatives": shown,
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

    def _judge(self, assignment: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The label of a whole solution, with the alternatives at its error; and how many were offered."""
        judgement = opinions.judge(assignment, self._habits)
        if judgement["finish_reason"] != "found_error" or not assignment["policies"]["alternatives"]:
            return judgement, 0
        step = len(judgement["ratings"]) - 1
        texts = self._wait_for("alternatives", {**_place(assignment), "step": step})["texts"]
        rows = judgement["ratings"] + opinions.beside(assignment, step, texts, self._habits)
        return opinions.label(("found_error", ""), rows), len(texts)

    def _hold_dialogue(self, assignment: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The label of a dialogue that the server leads; and, as there are no alternatives, 0."""
        problem, turns = assignment["problem"]["text"], list[Turn]()
        end = opinions.ended(problem, self._habits)
        while end is None:
            asked = [asdict(turn) for turn in turns]
            position = self._wait_for("dialogue", {**_place(assignment), "turns": asked})
            path, options = [step["text"] for step in position["path"]], position["options"]
            if position["is_over"]:
                end = ("solution", "")
            elif position["must_write"]:
                turns[-1] = replace(turns[-1], own=opinions.own_step(problem, path, options))
            elif len(turns) == LONGEST or opinions.is_lost(problem, path):
                end = ("give_up", opinions.GIVING_UP)
            else:
                turns.append(self._turn(problem, path, position))
        return opinions.held(end, turns), 0

    def _turn(self, problem: str, path: list[str], position: dict[str, Any]) -> Turn:
        options = position["options"]
        ratings = opinions.rate_options(problem, path, options, self._habits)
        has_stalled = position["may_write"] and 1 not in ratings
        return Turn(ratings, opinions.own_step(problem, path, options) if has_stalled else "")

    def _wait_for(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """What is asked for, as soon as the generator has written what is missing. Raises browser.SiteFailed."""
        deadline = time.monotonic() + GENERATOR_SECONDS
        while True:
            found: dict[str, Any] = self._ask(what, body).body
            if found["is_ready"]:
                return found
            if time.monotonic() > deadline:
                raise SiteFailed(f"No worker has written the options within {GENERATOR_SECONDS:.0f} s.")
            time.sleep(LOOK_SECONDS)

    def _ask(self, what: str, body: dict[str, Any]) -> Answer:
        answer = self._browser.post(f"{self._api}/{what}", body)
        self._report.sent_again += answer.attempts - 1
        if answer.status >= 400 and (answer.body or {}).get("code") not in LOST.get(what, ()):
            raise SiteFailed(f"{what} was refused with status {answer.status}: {answer.body}")
        return answer


def _place(assignment: dict[str, Any]) -> dict[str, Any]:
    return {"slot": assignment["slot"], "lease_token": assignment["lease_token"]}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed (nearest rank); 0 of none."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else 0.0
