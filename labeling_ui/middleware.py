from collections.abc import Callable
from functools import partial
from typing import Any

import pghistory
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from annotation.api.permissions import SecondFactorWanted
from annotation.models import User
from labeling_ui.second_factor import is_given

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


class KeptByNobody:
    """An answer that says nothing of caches is for this person now: not for whoever sits at the machine next."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response


class History:
    """Lets the history that triggers keep say by which request, and whose, a row came to be as it is."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        with pghistory.context(address=request.path):  # whose it is, is added where that is found out
            return self.get_response(request)


class SecondFactor:
    """Tells the account of a request whether its session gave a second factor, and asks for it where that is needed."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Lazily, like Django's own: a page that asks for nobody reads no session.
        user: Any = SimpleLazyObject(partial(_with_second_factor, request, request.user))
        request.user = user
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SecondFactorWanted):
            return None
        back = request.get_full_path() if request.method == "GET" else "/"
        return redirect(f"{reverse('second_factor')}?{urlencode({'next': back})}")


def _with_second_factor(request: HttpRequest, user: User | AnonymousUser) -> User | AnonymousUser:
    if isinstance(user, User):
        user.is_second_factor_given = is_given(request)
        pghistory.context(user=user.pk)
    return user
