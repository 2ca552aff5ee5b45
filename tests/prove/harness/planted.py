"""The site with a fault that a proof must find: `gunicorn tests.prove.harness.planted:<name>` in place of the real one."""

import io
import json
import threading
import time

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
        b"".join(sound(later, lambda *_: None))

    threading.Thread(target=store, daemon=True).start()
    start_response("201 Created", [("Content-Type", "application/json")])
    return [json.dumps({"assignment": None}).encode()]


def bare(environ, start_response):
    """Does not say that the database is away, but fails as a program does that never thought of it."""
    from annotation.api import errors
    from labeling_ui import middleware

    errors.OperationalError = errors.InterfaceError = middleware.OperationalError = middleware.InterfaceError = _Never
    return sound(environ, start_response)


class _Never(Exception):
    pass
