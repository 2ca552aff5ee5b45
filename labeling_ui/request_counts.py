"""How many requests there were, of which page, and how long they took: counted by each web process, added up for
/metrics."""

import os
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from labeling_ui.middleware import Handler

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def _folder() -> str:
    """Where the processes of one gunicorn, whose parent it is, keep their counts; nobody else may write there."""
    path = Path(tempfile.gettempdir(), f"stepmark-metrics-{os.geteuid()}-{os.getppid()}")
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise ImproperlyConfigured(f"{path} belongs to somebody else. Remove it.")
    return str(path)


if settings.METRICS_TOKEN:
    os.environ.setdefault(FOLDER, _folder())  # the library looks for it when it is imported

from prometheus_client import Counter, Histogram  # noqa: E402

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
REQUESTS = Counter("stepmark_requests", "Answered requests.", ("route", "method", "status"))
SECONDS = Histogram("stepmark_request_seconds", "How long an answer took.", ("route",), buckets=BUCKETS)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Counted:
    """Counts by the name of the route: an address holds names of projects, and there are endlessly many."""

    def __init__(self, get_response: Handler) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        route = (request.resolver_match and request.resolver_match.view_name) or "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(route, method, str(response.status_code)).inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
        return response
