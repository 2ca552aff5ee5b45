"""Labelers who cost next to nothing, so that what is measured is the server: one thread and one kept connection each.

`python -m tests.benchmarks.label_clients JOB` prints what they got, as JSON; label_site.load writes the job.
"""

import json
import random
import socket
import sys
import threading
import time
import uuid

import orjson

from tests.benchmarks.label_queue import SLUG

TOKEN = "c" * 32  # of CSRF: a cookie and a header that are the same


class Client:
    def __init__(self, job, session):
        host, port = job["bind"].split(":")
        self._address = (host, int(port))
        self._line = None
        self._head = f"Host: {job['bind']}\r\nCookie: sessionid={session}; csrftoken={TOKEN}\r\n"
        self._head += f"X-CSRFToken: {TOKEN}\r\nContent-Type: application/json\r\n"

    def post(self, path, body):
        """Status, and the answer's text. A connection that the server has closed while it was idle is made anew."""
        text = orjson.dumps(body)
        head = f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(text)}\r\n\r\n".encode()
        for is_last in (False, True):
            try:
                if self._line is None:
                    self._line = socket.create_connection(self._address, timeout=30)
                    self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._line.sendall(head + text)
                return self._answer()
            except OSError:
                self._line = None
                if is_last:
                    raise
        return None

    def _answer(self):
        held = b""
        while (end := held.find(b"\r\n\r\n")) < 0:
            held += self._more()
        head = held[:end].lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        body = held[end + 4 :]
        while len(body) < length:
            body += self._more()
        if b"connection: close" in head:
            self._line.close()
            self._line = None
        return int(head.split(b" ", 2)[1]), body

    def _more(self):
        more = self._line.recv(65536)
        if not more:
            raise ConnectionResetError
        return more


def label(assignment):
    """Every step is good but the last one, as the page hands it in."""
    steps = len(assignment["steps"])
    ratings = [
        {"step": step, "option": 0, "rating": 1 if step < steps - 1 else -1, "flagged": False, "ms": 900}
        for step in range(steps)
    ]
    return {
        "id": str(uuid.uuid4()),
        "slot": assignment["slot"],
        "lease_token": assignment["lease_token"],
        "finish_reason": "found_error",
        "ratings": ratings,
        "total_time_ms": 60_000,
        "active_ms": 50_000,
        "instructions_version": assignment["instructions_version"],
        "shown": {"answer": True, "read_ahead": "always", "alternatives": 0, "seen": []},
        "edits": [
            {"step": one["step"], "option": 0, "rating": one["rating"], "ms": 900 * one["step"]} for one in ratings
        ],
        "extensions": {},
    }


class Told:
    def __init__(self):
        self.done, self.claims, self.errors = [], [], []

    def timed(self, client, path, body, times, expected):
        began = time.perf_counter()
        try:
            status, text = client.post(path, body)
        except Exception as error:  # whatever it is, it is an error of the run and not the end of a thread
            status, text = type(error).__name__, str(error)
        took = 1000 * (time.perf_counter() - began)
        if status != expected:
            self.errors.append(f"{path}: {status} {text[:200]!r}")
            return None
        times.append(took)
        return orjson.loads(text)


def ours(client, told, until, wait):
    """The first solution is claimed, each next one comes with the answer to a label, as on the page."""
    api = f"/api/v1/projects/{SLUG}"
    wait()
    work = told.timed(client, f"{api}/claim", {}, told.claims, 200)
    while work and work["assignment"] and wait():
        if time.monotonic() > until:
            return
        work = told.timed(client, f"{api}/labels", label(work["assignment"]), told.done, 201)


def minimal(client, told, until, wait):
    body = {"rating": 1, "reason": "x" * 40}
    while wait() and time.monotonic() < until:
        told.timed(client, "/row", body, told.done, 201)


def work(job, session, told, begin):
    client = Client(job, session)
    luck = random.Random(session)
    due = begin + luck.random() * job["pause"]  # people do not begin in one moment

    def wait():
        nonlocal due
        if job["pause"]:
            time.sleep(max(0.0, due - time.monotonic()))
            due += job["pause"]
        return True

    time.sleep(max(0.0, begin - time.monotonic()))
    {"ours": ours, "minimal": minimal}[job["kind"]](client, told, begin + job["seconds"], wait)


def main():
    job = json.loads(sys.argv[1])
    told, begin = Told(), time.monotonic() + 0.3
    people = [threading.Thread(target=work, args=(job, one, told, begin)) for one in job["sessions"]]
    for one in people:
        one.start()
    for one in people:
        one.join()
    print(json.dumps(vars(told)))


if __name__ == "__main__":
    main()
