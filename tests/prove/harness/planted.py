"""The site with a fault that a proof must find: `gunicorn tests.prove.harness.planted:<name>` in place of the real one."""

import io
import json
import threading
import time
from urllib.parse import parse_qs

from labeling_ui.wsgi import application as sound

EARLY_SECONDS = 0.3


def early(environ, start_response):
    """Acknowledges a label before it is stored."""
    if not environ["PATH_INFO"].endswith("/labels"):
        return sound(environ, start_response)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ |= {"wsgi.input": io.BytesIO(body)}
    later = dict(environ)

    def store():
        time.sleep(EARLY_SECONDS)
        answer = sound(later, lambda *_: None)
        answer.close()  # else the pool would not get its connection back, and the site stand still after so many labels

    threading.Thread(target=store, daemon=True).start()
    start_response("201 Created", [("Content-Type", "application/json")])
    return [json.dumps({"assignment": None}).encode()]


def bare(environ, start_response):
    """Does not say that the database is away, but fails as a program does that never thought of it."""
    from annotation.api import errors
    from labeling_ui import middleware

    errors.OperationalError = errors.InterfaceError = middleware.OperationalError = middleware.InterfaceError = _Never
    return sound(environ, start_response)


def patient(environ, start_response):
    """Waits for the database however long it takes."""
    from annotation import connections

    connections.LONGEST_WAIT_SECONDS = 3600.0
    return sound(environ, start_response)


def chatty(environ, start_response):
    """Asks the broker before each request, as a site that keeps its sessions there does."""
    import redis
    from django.conf import settings
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        path = settings.CELERY_BROKER_URL.removeprefix("redis+socket://").partition("?")[0]
        redis.Redis(unix_socket_path=path, socket_timeout=1, retry=Retry(NoBackoff(), 0)).ping()
    except redis.RedisError:
        start_response("500 Internal Server Error", [("Content-Type", "application/json")])
        return [b"{}"]
    return sound(environ, start_response)


def own_clock(environ, start_response):
    """Leases end by the clock of the web, not by that of the database they are looked up in."""
    from datetime import UTC, datetime

    from annotation.services import claims

    if not hasattr(claims.statements, "rows_by_database"):
        claims.statements.rows_by_database = rows = claims.statements.rows
        claims.statements.rows = lambda sql, values: rows(
            sql.replace("clock_timestamp()", "%(own)s"), {**values, "own": datetime.now(UTC)}
        )
    return sound(environ, start_response)


_kept = []


def keeping(environ, start_response):
    """Remembers something of each request, for ever."""
    _kept.append(b"x" * (64 << 10))
    return sound(environ, start_response)


def echoing(environ, start_response):
    """Says what it was asked, as it was asked."""
    asked = parse_qs(environ["QUERY_STRING"]).get("q", [""])[0]
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [f"<html><body><p>{asked}</p><form><input name=q value=a></form></body></html>".encode()]


class _Never(Exception):
    pass
