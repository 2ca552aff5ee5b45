"""What `manage.py check --deploy` says beyond Django: settings that are each in order and together are not."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


@register(deploy=True)
def proxy_is_trusted(**_: Any) -> list[CheckMessage]:
    """The web speaks http only: without a proxy that says it was https, each page would lead to itself for ever."""
    if settings.SECURE_SSL_REDIRECT and not settings.TRUSTED_PROXIES:
        sentence = "SECURE is on and TRUSTED_PROXIES is 0: nobody tells the web that a page was asked for by https."
        return [Warning(sentence, hint="Set TRUSTED_PROXIES to the number of proxies before it.", id="stepmark.W001")]
    return []


@register(deploy=True)
def broker_asks_for_a_password(**_: Any) -> list[CheckMessage]:
    """Whoever may write to the broker starts jobs."""
    address = urlsplit(settings.REDIS_URL)
    if address.hostname and address.hostname not in OWN_MACHINE and not address.password:
        return [Warning("REDIS_URL leads to another machine without a password.", id="stepmark.W002")]
    return []
