"""Labelers as the labeling page is one: an id made before the first attempt, and sent until the site has it for sure."""

import http.client
import json
import random
import threading
import time
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.prove.harness.ledger import Ledger
from tests.prove.harness.site import SLUG

CSRF = "x" * 32
PATIENCE_SECONDS = 20.0  # for one answer
LONGEST_PAUSE_SECONDS = 1.0  # between attempts


class Labeler(threading.Thread):
    """`new_id_each_time` is the planted fault of a page that makes the id when it sends."""

    def __init__(self, url, cookie, ledger, *, seed, pace, new_id_each_time=False):
        super().__init__(daemon=True)
        self._address = urlsplit(url)
        self._headers = {
            "Cookie": f"sessionid={cookie}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "Content-Type": "application/json",
        }
        self._connection = None
        self._luck, self._pace = random.Random(seed), pace
        self._ledger, self._new_id = ledger, new_id_each_time
        self.ending = threading.Event()
        self.failure = None

    def run(self):
        try:
            work = None
            while not self.ending.is_set():
                work = work or self._ask("claim", lambda: {})
                if work is None or work["assignment"] is None:
                    work = None
                    self.ending.wait(0.2)
                    continue
                self.ending.wait(self._luck.uniform(0.5, 1.5) * self._pace)
                work = self._label(work["assignment"])
        except Exception as error:
            self.failure = error
        finally:
            if self._connection:
                self._connection.close()

    def _label(self, assignment):
        ratings = self._luck.choice([(1, 1, 1), (1, -1), (-1,), (0, 1, 1)])
        one_id = str(uuid.uuid4())
        made = []

        def body():
            made.append(str(uuid.uuid4()) if self._new_id else one_id)
            return _body(made[-1], assignment, ratings)

        answer = self._ask("labels", body)
        if answer is not None:
            self._ledger.acknowledged(made[-1], assignment, ratings)
        return answer

    def _ask(self, what, body):
        """The answer of the first attempt that is answered for good; None where it is a refusal, or where we end."""
        pause, began = 0.05, time.monotonic()
        while True:
            status, answer = self._send(what, body())
            self._ledger.answered(what, status, time.monotonic() - began)
            if status in (200, 201):
                return answer
            if status is not None and 400 <= status < 500:
                self._ledger.refused(what, status, answer)
                return None
            if self.ending.wait(self._luck.uniform(0.5, 1.0) * pause):
                return None
            pause, began = min(2 * pause, LONGEST_PAUSE_SECONDS), time.monotonic()

    def _send(self, what, body):
        """(None, None) where no answer came."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    self._address.hostname, self._address.port, timeout=PATIENCE_SECONDS
                )
            self._connection.request("POST", f"/api/v1/projects/{SLUG}/{what}", json.dumps(body), self._headers)
            response = self._connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if response.status < 500 else None  # a page, if it fails
        except (OSError, http.client.HTTPException):
            if self._connection:
                self._connection.close()
            self._connection = None
            return None, None


def _body(label, assignment, ratings):
    return {
        "id": label,
        "slot": assignment["slot"],
        "lease_token": assignment["lease_token"],
        "instructions_version": assignment["instructions_version"],
        "shown": {
            "answer": assignment["policies"]["answer"] == "always",
            "read_ahead": assignment["policies"]["read_ahead"],
            "alternatives": 0,
        },
        "finish_reason": "found_error" if ratings[-1] == -1 else "solution",
        "ratings": [{"step": step, "rating": rating} for step, rating in enumerate(ratings)],
        "total_time_ms": 1000,
    }


@contextmanager
def at_work(site, *, count=32, pace=0.3, seed=0, url=None, **planted):
    """Their ledger, while they work; when the block ends each finishes what it sends."""
    ledger = Ledger()
    cookies = site.cookies[:count]
    people = [
        Labeler(url or site.url, cookie, ledger, seed=seed + number, pace=pace, **planted)
        for number, cookie in enumerate(cookies)
    ]
    for one in people:
        one.start()
    try:
        yield ledger
    finally:
        for one in people:
            one.ending.set()
        for one in people:
            one.join(PATIENCE_SECONDS + 5)
    assert not [one for one in people if one.is_alive()], "a labeler still waits for an answer"
    if failures := [one.failure for one in people if one.failure]:
        raise failures[0]
