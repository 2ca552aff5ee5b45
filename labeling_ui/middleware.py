from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponse]


class DatabaseAway:
    """While the database is away every answer is 503 with Retry-After, so that pages keep what they hold and retry."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        return database_away(request)


def database_away(request: HttpRequest) -> HttpResponse:
    sentence = _("The database is away for a moment. Nothing is lost; try again in a few seconds.")
    if request.path.startswith("/api/"):
        answer: HttpResponse = JsonResponse({"code": "database_away", "detail": sentence}, status=503)
    else:
        answer = TemplateResponse(request, "labeling_ui/away.html", {"sentence": sentence}, status=503).render()
    answer["Retry-After"] = "3"
    return answer


class CleanQuery:
    """A NUL in the path or the query would reach PostgreSQL and come back as a server error."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or any("\x00" in value for values in request.GET.lists() for value in values[1]):
            return HttpResponseBadRequest(_("The address holds a NUL character."), content_type="text/plain")
        return self.get_response(request)
