"""Reads the environment loudly: what is odd, or would leave a server open, is refused by the name of its variable."""

import re
from collections.abc import Iterable

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"true", "on", "yes", "y", "ok", "1"}, {"false", "off", "no", "n", "0"}
MAKE_ONE = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
# What people put where a key belongs; chance writes one of these words once in some ten million keys.
PLACEHOLDER = re.compile(r"\s|secret|change-?me|example|django-insecure", re.IGNORECASE)
DISTINCT = 10  # 50 hexadecimal digits have fewer different ones once in some hundred million keys


class LoudEnv(environ.Env):  # type: ignore[misc]
    smart_cast = False

    def bool(self, var: str, default: bool) -> bool:
        """Not as its parent, for which every word that it does not know, `SECURE=enabled` too, is false."""
        word = self.str(var, default="").strip().lower()
        if word and word not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{var} is true or false, not {word!r}.")
        return word in TRUE if word else default

    def int(self, var: str, default: int) -> int:
        word = self.str(var, default="").strip()
        if word and not re.fullmatch(r"[0-9]{1,9}", word):
            raise ImproperlyConfigured(f"{var} is a whole number, not {word!r}.")
        return int(word) if word else default


def refuse_weak_key(name: str, *keys: str) -> None:
    """Whoever knows the key signs cookies in anybody's name."""
    for key in keys:
        if len(key) < 50:
            raise ImproperlyConfigured(f"{name} is missing or shorter than 50 characters. {MAKE_ONE}")
        if len(set(key)) < DISTINCT or PLACEHOLDER.search(key):
            raise ImproperlyConfigured(f"{name} can be guessed: it is a placeholder, or not random. {MAKE_ONE}")


def refuse_open_hosts(hosts: Iterable[str]) -> None:
    """With any host allowed, a link in a page leads where the Host header of a stranger says."""
    for host in hosts:
        if not re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", host, re.IGNORECASE):
            raise ImproperlyConfigured(f"ALLOWED_HOSTS holds host names, such as stepmark.example.org; not {host!r}.")


def refuse_debug_on_a_server(*, debug: bool, secure: bool) -> None:
    if debug and secure:
        raise ImproperlyConfigured("DEBUG shows strangers our settings and code: only with SECURE=false.")


def refuse_bad_origins(name: str, origins: Iterable[str], *, only_https: bool = False) -> None:
    scheme = "https" if only_https else "https?"
    for origin in origins:
        if not re.fullmatch(scheme + r"://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", origin):
            raise ImproperlyConfigured(f"{name} holds origins, such as https://stepmark.example.org; not {origin!r}.")


def refuse_another_database(url: str) -> None:
    if not re.match(r"(postgres|postgresql|pgsql|psql)://", url):
        raise ImproperlyConfigured("DATABASE_URL is a PostgreSQL's, such as postgresql://user:password@host/name.")


def refuse_another_broker(url: str) -> None:
    if not re.match(r"(rediss?|redis\+socket|unix)://", url):
        raise ImproperlyConfigured("REDIS_URL is a Redis's or a Valkey's, such as redis://:password@host:6379/0.")


def refuse_half_a_provider(issuer: str, client: str, *, only_https: bool) -> None:
    if bool(issuer) != bool(client):
        raise ImproperlyConfigured("OIDC_ISSUER and OIDC_CLIENT_ID belong together: set both of them, or none.")
    if only_https and issuer and not issuer.startswith("https://"):
        raise ImproperlyConfigured("OIDC_ISSUER is an https address: whoever answers in its place signs in as anybody.")
