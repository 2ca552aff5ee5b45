"""Language and theme: asked for by a plain form in the account menu and at the foot of the sign-in page."""

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from labeling_ui.forms import PreferencesForm
from labeling_ui.preferences import Theme
from labeling_ui.safe_address import inside


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen in this browser, and go back to the page where it was."""
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_json())
    answer = redirect(inside(request, request.POST.get("next")))
    if language := form.cleaned_data["language"]:
        _keep(answer, settings.LANGUAGE_COOKIE_NAME, language)
    if theme := form.cleaned_data["theme"]:
        _keep(answer, settings.THEME_COOKIE_NAME, "" if theme == Theme.SYSTEM else theme)
    return answer


def _keep(answer: HttpResponse, name: str, value: str) -> None:
    """As the language cookie is described in the settings, for both; nothing chosen is no cookie."""
    if not value:
        answer.delete_cookie(name, samesite=settings.LANGUAGE_COOKIE_SAMESITE)
        return
    answer.set_cookie(
        name,
        value,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )
