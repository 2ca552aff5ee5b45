from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from labeling_ui.preferences import theme


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A page for people; programs get what they get from every other address of theirs."""
    if request.path.startswith("/api/"):
        return JsonResponse({"code": "not_found", "detail": _("There is nothing here for you.")}, status=404)
    return page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseServerError:
    """In the theme of the page before, which Django's own does not know; without what may have failed, such as the user."""
    return HttpResponseServerError(render_to_string("500.html", {"theme": theme(request)}))
