"""Programs at the door: who a token acts for, and what it may do."""

from typing import TYPE_CHECKING, Any

import pghistory
from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from annotation.models import ApiToken, User
from annotation.models.tokens import Scope
from annotation.services import second_factor, tokens

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which reads the settings that name this module


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer …`. It stands before the session: who sends a token means it, whatever cookies say."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _blank, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            token = tokens.use(secret=secret.decode(errors="replace").strip())
        except tokens.TokenGone as gone:
            raise AuthenticationFailed(str(gone), code="token_gone") from gone
        user: Any = token.user
        if settings.REQUIRE_MFA:
            # Nobody is there to type a code; it counts that the owner, who made the token, has a second factor.
            user.is_second_factor_given = second_factor.is_set_up(user)
        pghistory.context(user=user.pk, token=token.pk)
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenAllows(BasePermission):
    """What a token's scopes and its project let through; roles are looked at later, for tokens as for people.

    A view with `scope = Scope.LABEL` belongs to labeling; with `label_scope_reads` only what it reads. A view with
    `people_only = True` is for signed-in people.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        token = request.auth
        if not isinstance(token, ApiToken):
            return True
        _check_project(token, request, view)
        if getattr(view, "people_only", False) and request.method not in SAFE_METHODS:
            raise PermissionDenied(_("A token cannot do this. Sign in on the site."))
        enough = _enough(request, view)
        if enough.isdisjoint(token.scopes):
            words = {"scopes": _(" or ").join(sorted(enough))}
            raise PermissionDenied(_("This token may not do that. It would need the scope %(scopes)s.") % words)
        return True


def _check_project(token: ApiToken, request: Request, view: "APIView") -> None:
    slug = view.kwargs.get("slug")
    if token.project is None or slug == token.project.slug:
        return
    if slug is not None:
        raise Http404
    if request.method not in SAFE_METHODS:
        raise PermissionDenied(_("This token is for one project, and that is done outside of it."))


def _enough(request: Request, view: "APIView") -> set[str]:
    """Scopes of which one is enough."""
    enough: set[str] = {Scope.MANAGE}
    if request.method in SAFE_METHODS:
        enough.add(Scope.READ)
    is_all = not getattr(view, "label_scope_reads", False) or request.method in SAFE_METHODS
    if getattr(view, "scope", None) == Scope.LABEL and is_all:
        enough.add(Scope.LABEL)
    return enough
