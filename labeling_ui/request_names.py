"""Every request has a name, by which its answer, its log lines and the proxy's are found together."""

import re
import uuid

from django.http import HttpRequest, HttpResponse

from annotation import logs
from labeling_ui.middleware import Handler

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Named:
    """The proxy's name is taken where it is well-formed: anything else could forge lines of the log."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        with logs.about(request=name):
            response = self.get_response(request)
        response[HEADER] = name
        return response
