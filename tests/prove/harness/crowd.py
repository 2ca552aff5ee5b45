"""Connections as nobody makes them who wants an answer: silent, slow, by the thousand, or with a body that has no end."""

import selectors
import socket
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.prove.harness.labelers import CSRF

HEAD = "POST /api/v1/projects/prove/claim HTTP/1.1\r\nHost: 127.0.0.1\r\n"
MB = 1 << 20
GIVE_UP_SECONDS = 30.0


def connected(url):
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=GIVE_UP_SECONDS)


class Crowd:
    """So many connections, each made again when the web ends it."""

    def __init__(self, url, count, say):
        self._url, self._count, self._say = url, count, say
        self.made = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with selectors.DefaultSelector() as there:
            for _ in range(self._count):
                self._join(there)
            spoken = time.monotonic()
            while not self._ending.is_set():
                for key, _ in there.select(timeout=0.2):
                    self._hear(there, key.fileobj)
                if time.monotonic() > spoken + 0.5:
                    spoken = time.monotonic()
                    for key in list(there.get_map().values()):
                        with suppress(OSError):
                            key.fileobj.sendall(self._say(False))
            for key in list(there.get_map().values()):
                key.fileobj.close()

    def _join(self, there):
        with suppress(OSError):
            one = connected(self._url)
            one.sendall(self._say(True))
            there.register(one, selectors.EVENT_READ)
            self.made += 1

    def _hear(self, there, one):
        with suppress(OSError):
            if one.recv(65536):
                return
        there.unregister(one)
        one.close()
        self._join(there)

    @contextmanager
    def there(self):
        self._thread.start()
        try:
            yield self
        finally:
            self._ending.set()
            self._thread.join()


def silent(first):
    return b""


def slow(first):
    """A head that goes on for ever."""
    return HEAD.encode() if first else b"X-A: b\r\n"


def kept(first):
    """One request, and then nothing while the connection is held."""
    return b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" if first else b""


def posted(url, cookie, size):
    """The status that a body of so many bytes gets, and how many were sent before it came."""
    head = f"{HEAD}Cookie: sessionid={cookie}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    sent, answer = 0, b""
    with connected(url) as one, suppress(OSError):
        one.sendall(head.encode())
        one.settimeout(0.01)
        while sent < size and not answer:
            with suppress(TimeoutError):
                sent += one.send(b"[" * 65536)
            with suppress(TimeoutError):
                answer = one.recv(65536)
        one.settimeout(GIVE_UP_SECONDS)
        answer = answer or one.recv(65536)
    return int(answer.split()[1]) if answer else None, sent
