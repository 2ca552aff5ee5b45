from django.http import HttpRequest, HttpResponseServerError
from django.template.loader import render_to_string

from labeling_ui.preferences import theme


def server_error(request: HttpRequest) -> HttpResponseServerError:
    """In the theme of the page before, which Django's own does not know; without what may have failed, such as the user."""
    return HttpResponseServerError(render_to_string("500.html", {"theme": theme(request)}))
