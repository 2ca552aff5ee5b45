"""Requests to an OpenAI-compatible server, tried again where that may help, and accounted for whatever becomes of them.

The client's own attempts are turned off: it would pay for them without telling.
"""

import json
import math
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, TypeVar

import httpx2
from openai import APIConnectionError, APIStatusError, DefaultHttpxClient, Omit, OpenAI

from active_learning.generators import GeneratorError, PromptTooLong
from active_learning.generators.budget import Budget
from active_learning.generators.journal import NOTHING
from active_learning.generators.replies import Malformed, Question, Reply, read
from active_learning.generators.terms import Terms

ATTEMPTS = 8
FIRST_WAIT_SECONDS = 1.0  # doubled at every attempt
LONGEST_WAIT_SECONDS = 60.0
LONGEST_ASKED_WAIT_SECONDS = 600.0  # by the server
NOT_SAMPLED = {408, 425, 429, 503}  # it has refused to begin; other failures may come after the sampling
BROKEN = 500  # of a page that is only looked at: it will be the next time, too
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
TOO_LONG = (
    "context length",
    "context_length",
    "context size",
    "context_size",
    "maximum model length",
    "model's context",
)

T = TypeVar("T")


class Refused(GeneratorError):
    """The server will not answer this, however often it is asked; the message is for people."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said  # by the server


class _TryAgain(Exception):
    """What another attempt may mend."""

    def __init__(self, said: str, *, is_free: bool = False, wait: float = 0.0, status: int = 0) -> None:
        super().__init__(said)
        self.is_free, self.wait, self.status = is_free, wait, status


class Exchange:
    """With one server; several threads may share it."""

    def __init__(self, url: str, key: str, budget: Budget, terms: Terms) -> None:
        self._url, self._key, self._budget, self._patience = url, key, budget, terms.patience
        self._client = OpenAI(
            base_url=url,
            api_key="-",  # else it would look for one in other variables
            max_retries=0,
            timeout=terms.timeout,
            http_client=DefaultHttpxClient(follow_redirects=False),  # they would take the key elsewhere
        )
        # What it finds in variables of its own is meant for another server.
        headers = {"Authorization": f"Bearer {key}" if key else Omit()}
        headers |= {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
        self._options: Any = {"headers": headers}
        self._jitter = Random()
        weakref.finalize(self, self._client.close)

    def ask(self, path: str, body: dict[str, Any], question: Question) -> Reply:
        """Raises GeneratorError, PromptTooLong, Refused, BudgetSpent."""

        def once(is_retry: bool) -> Reply:
            with self._budget.request(question.most, is_retry=is_retry) as took:
                try:
                    reply = read(self._post(path, body), question)
                except Malformed as error:
                    raise _TryAgain(self._without_key(str(error))) from error
                except _TryAgain as error:
                    if error.is_free:
                        took(NOTHING)
                    raise
                except GeneratorError:
                    took(NOTHING)
                    raise
                took(reply.taken)
                return reply

        return self._persistently(once)

    def look_up(self, path: str) -> Any:
        """What the server says of itself there; None where it refuses, or that page of it is broken.

        Raises GeneratorError.
        """

        def once(_: bool) -> Any:
            try:
                return self._received(lambda: self._client.get(path, cast_to=httpx2.Response, options=self._options))
            except _TryAgain as error:
                if error.status == BROKEN:
                    return None
                raise

        try:
            return self._persistently(once)
        except Refused:
            return None

    def _persistently(self, once: Callable[[bool], T]) -> T:
        last, over = "", time.monotonic() + self._patience
        for attempt in range(ATTEMPTS):
            try:
                return once(attempt > 0)
            except _TryAgain as error:
                last, pause = str(error), error.wait + self._wait(attempt)
            if attempt + 1 == ATTEMPTS or time.monotonic() + pause > over:
                break
            time.sleep(pause)
        made = f"{attempt + 1} attempts" if attempt else "one attempt"
        raise GeneratorError(
            f"{self._url} gave no usable answer in {made}; the last said: {last}. "
            "What was sampled before is kept: start again when the server is there."
        )

    def _wait(self, attempt: int) -> float:
        longest: float = min(FIRST_WAIT_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS)
        return longest * self._jitter.uniform(0.5, 1.0)  # those who failed together do not come back together

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._received(
            lambda: self._client.post(path, cast_to=httpx2.Response, body=body, options=self._options)
        )

    def _received(self, send: Callable[[], httpx2.Response]) -> Any:
        try:
            return json.loads(send().content)
        except APIStatusError as error:
            raise self._failure(error) from None  # the error holds the request, and that the key
        except APIConnectionError as error:
            cause = error.__cause__
            is_free = isinstance(cause, NEVER_SENT)
            raise _TryAgain(self._without_key(f"{type(cause).__name__}: {cause}"), is_free=is_free) from None
        except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, brackets without end
            raise _TryAgain(self._without_key(f"{type(error).__name__}: {error}")) from None

    def _failure(self, error: APIStatusError) -> Exception:
        status, said = error.status_code, self._without_key(_sentence(error))
        if status in NOT_SAMPLED or status >= 500:
            wait = _asked_wait(error.response.headers.get("Retry-After", ""))
            return _TryAgain(f"{status} {said}", is_free=status in NOT_SAMPLED, wait=wait, status=status)
        if status < 400:
            return Refused(
                f"{self._url} sends elsewhere ({status}). Its key is not taken there: name the address itself.", said
            )
        if any(words in said.lower() for words in TOO_LONG):
            return PromptTooLong(f"{self._url} reads no prompt and samples as long as these: {said}")
        return Refused(f"{self._url} refused: {status} {said}", said)

    def _without_key(self, said: str) -> str:
        return said.replace(self._key, "…") if self._key else said


def _sentence(error: APIStatusError) -> str:
    """What the server says of its refusal, at most 300 characters of it."""
    try:
        said = json.loads(error.response.content)
    except ValueError:
        return error.response.text[:300].strip()
    for key in ("error", "message", "detail"):
        if isinstance(said, dict) and key in said:
            said = said[key]
    return str(said)[:300]


def _asked_wait(header: str) -> float:
    """Seconds of a Retry-After, which is a number of them or a date; 0 without one."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), LONGEST_ASKED_WAIT_SECONDS) if math.isfinite(seconds) else 0.0
