"""A person's browser, in small, for scripts that use the site as people do: sign-in page, cookies, CSRF, JSON."""

import ipaddress
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

SIGN_IN = "/accounts/sign-in/"
LONGEST_DELAY_SECONDS = 2.0
PATIENCE_SECONDS = 60.0  # a restart of the web or of the database takes less


class NotLocal(ValueError):
    """Scripts sign in on this machine only."""


class SiteFailed(Exception):
    """The site did not do what was asked; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    attempts: int  # 1 when the first one was answered


class Browser:
    """One kept connection; what the network or a restarting server loses is sent again until it is answered."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        if address.scheme != "http" or not _is_loopback(address.hostname or ""):
            raise NotLocal(f"{base_url} is not http on this machine; scripted people sign in nowhere else.")
        self._connection = HTTPConnection(address.hostname or "", address.port or 80, timeout=30)
        self._cookies: dict[str, str] = {}

    def sign_in(self, username: str, password: str) -> None:
        """Raises SiteFailed."""
        self.submit(SIGN_IN, {"username": username, "password": password})

    def submit(self, path: str, form: Mapping[str, str]) -> None:
        """Open a page and send its form. Raises SiteFailed unless that leads on to another page."""
        self._patiently("GET", path)
        if "csrftoken" not in self._cookies:
            raise SiteFailed(f"{path} sets no CSRF cookie over http. Is SECURE on? Scripts need SECURE=0.")
        body = urlencode({**form, "csrfmiddlewaretoken": self._cookies["csrftoken"]})
        answer = self._patiently("POST", path, body, "application/x-www-form-urlencoded")
        if answer.status != 302:
            raise SiteFailed(f"The form of {path} was refused for {form.get('username')} (status {answer.status}).")

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send JSON, which must be harmless to send twice."""
        return self._patiently("POST", path, json.dumps(body), "application/json")

    def get(self, path: str) -> Answer:
        return self._patiently("GET", path)

    def close(self) -> None:
        self._connection.close()

    def _patiently(self, method: str, path: str, body: str | None = None, kind: str = "") -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        attempts, delay = 1, 0.0  # at first at once: the server may have closed a connection that was idle
        while True:
            try:
                status, text = self._send(method, path, body, kind)
                reason = f"status {status}"
                if status < 500:
                    return Answer(status, _json(text), attempts)
            except (OSError, HTTPException) as error:
                self._connection.close()
                reason = f"{type(error).__name__}: {error}"
            if time.monotonic() + delay > deadline:
                where = f"http://{self._connection.host}:{self._connection.port}{path}"
                raise SiteFailed(f"No answer to {method} {where} within {PATIENCE_SECONDS:.0f} s ({reason}).")
            time.sleep(delay)
            attempts, delay = attempts + 1, min(max(2 * delay, 0.1), LONGEST_DELAY_SECONDS)

    def _send(self, method: str, path: str, body: str | None, kind: str) -> tuple[int, bytes]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers |= {"Content-Type": kind, "X-CSRFToken": self._cookies.get("csrftoken", "")}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return response.status, text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # a page
