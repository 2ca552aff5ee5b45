"""What we ask an OpenID provider, and what we believe of its answer (OpenID Connect Core 1.0, code flow with PKCE).

Authlib checks state, nonce, signature, issuer, audience and time. It is loaded only where a provider is set: it brings
its own HTTP client, which no other page needs.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

TIMEOUT_SECONDS = 5


class ProviderFailed(Exception):
    """The provider did not answer, or its answer cannot be trusted."""


@dataclass(frozen=True)
class Outsider:
    """Whom the provider names."""

    issuer: str
    subject: str
    email: str
    is_proven: bool  # the provider says that the e-mail is theirs
    is_second_factor_given: bool


def name() -> str:
    """What people call the provider; empty where there is none."""
    return str(settings.OIDC_NAME) or urlsplit(settings.OIDC_ISSUER).netloc


def ask(request: HttpRequest, callback: str) -> HttpResponse:
    """Send the browser to the provider. Raises ProviderFailed."""
    with _failures():
        answer: HttpResponse = _provider().authorize_redirect(request, callback)
        return answer


def answer(request: HttpRequest) -> Outsider:
    """Whom the provider sent back. Raises ProviderFailed."""
    issuer = settings.OIDC_ISSUER
    with _failures():
        trusted = {"iss": {"essential": True, "values": [issuer, f"{issuer}/"]}}
        claims = _provider().authorize_access_token(request, claims_options=trusted)["userinfo"]
        return Outsider(
            issuer=issuer,
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")),
            is_proven=claims.get("email_verified") is True,
            is_second_factor_given="mfa" in (claims.get("amr") or []),  # RFC 8176
        )


def _provider() -> Any:
    return _client(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)


@lru_cache(maxsize=1)  # it remembers what the provider says of itself, and its keys until they are changed
def _client(issuer: str, client_id: str, client_secret: str) -> Any:
    from authlib.integrations.django_client import OAuth

    oauth = OAuth()
    oauth.register(
        "provider",
        client_id=client_id,
        client_secret=client_secret or None,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
            **({} if client_secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    return oauth.provider


class _failures:
    """Turns what Authlib and its client raise into ProviderFailed."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from authlib.common.errors import AuthlibBaseError
        from joserfc.errors import JoseError
        from requests import RequestException

        if isinstance(error, AuthlibBaseError | JoseError | RequestException | KeyError | ValueError | RuntimeError):
            raise ProviderFailed(f"{type(error).__name__}: {error}") from error
