"""Log lines, for people or as JSON for programs. Each names the request, or the job and its round, that it belongs to,
and none holds what must not be in a log."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_about: ContextVar[Mapping[str, object]] = ContextVar("about", default=MappingProxyType({}))

# An invitation's address lets its reader in. PostgreSQL repeats in the DETAIL of an error what was in the row: people's
# text.
KEPT_OUT = (
    (re.compile(r"(/accounts/invitation/)[^/\s]+"), r"\1…"),
    (re.compile(r"\bDETAIL:.*?(?=\n\n(?:The above exception|During handling)|\Z)", re.DOTALL), "DETAIL is left out."),
)


@contextmanager
def about(**what: object) -> Iterator[None]:
    """All lines of the block, in this thread, say so."""
    token = _about.set({**_about.get(), **what})
    try:
        yield
    finally:
        _about.reset(token)


class Line(logging.Formatter):
    """`2026-01-31 12:00:00,000 INFO workers.duty it is done [job=7 kind=round]`"""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        told = " ".join(f"{key}={value}" for key, value in _about.get().items())
        return _clean(super().format(record)) + (f" [{told}]" if told else "")

    def formatMessage(self, record: logging.LogRecord) -> str:
        # A line break in a message, which may hold what a stranger sent, would begin a line that we never wrote.
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


class Json(logging.Formatter):
    """One object a line, with the time in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, object] = {"at": at, "level": record.levelname, "logger": record.name}
        told |= {"message": _clean(record.getMessage()), **_about.get()}
        if record.exc_info:
            told["traceback"] = _clean(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False, default=str)


FORMATS = {"line": Line, "json": Json}


def configuration(*, form: str, level: str) -> dict[str, Any]:
    """What Django's LOGGING holds. Raises ImproperlyConfigured."""
    if form not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT is line or json, not {form!r}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": f"annotation.logs.{FORMATS[form].__name__}"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["console"], "level": level},
        # It writes three lines for each sign-in.
        "loggers": {"axes": {"level": "WARNING"}},
    }


def _clean(text: str) -> str:
    for pattern, instead in KEPT_OUT:
        text = pattern.sub(instead, text)
    return text
