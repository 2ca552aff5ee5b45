"""How one browser wants its pages: the theme here, the language by Django. Kept in cookies, as both matter before
somebody signs in, and read by the server, so that no page appears in one theme and turns to another."""

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


def theme(request: HttpRequest) -> Theme:
    wanted = request.COOKIES.get(settings.THEME_COOKIE_NAME)
    return Theme(wanted) if wanted in Theme.values else Theme.SYSTEM


def for_templates(request: HttpRequest) -> dict[str, object]:
    """A context processor: each page is in the theme that was chosen, and can offer the others."""
    return {"theme": theme(request), "themes": Theme}
