"""Sign-in through an OpenID provider: there, and back again.

The way there is a link and no form: `form-action 'self'` would stop a form whose answer leads to another site.
"""

import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.services import outside
from annotation.services.refusal import Refusal
from labeling_ui import openid, second_factor
from labeling_ui.safe_address import inside

NEXT = "oidc_next"
log = logging.getLogger(__name__)


@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    if not settings.OIDC_ISSUER:
        return redirect("sign_in")
    try:
        answer = openid.ask(request, request.build_absolute_uri(reverse("oidc_callback")))
    except openid.ProviderFailed as failure:
        return _failed(request, failure)
    request.session[NEXT] = inside(request, request.GET.get("next"))
    return answer


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    if not settings.OIDC_ISSUER:
        return redirect("sign_in")
    back = request.session.get(NEXT, "/")
    try:
        who = openid.answer(request)
        arrival = outside.arrive(issuer=who.issuer, subject=who.subject, email=who.email, is_proven=who.is_proven)
    except openid.ProviderFailed as failure:
        return _failed(request, failure)
    except Refusal as refusal:
        return _sorry(request, _(str(refusal)), status=403)
    way = second_factor.enter(request, arrival.user, back=back, is_given_elsewhere=who.is_second_factor_given)
    return _tell_of_lost_keys(request) if arrival.has_lost_keys else redirect(way)


def _tell_of_lost_keys(request: HttpRequest) -> HttpResponse:
    sentence = _(
        "Your account belongs to your sign-in with %(provider)s now. The password, the second factor and the tokens that "
        "it had before work no more."
    )
    messages.info(request, sentence % {"provider": openid.name()})
    return redirect("security")


def _failed(request: HttpRequest, failure: Exception) -> HttpResponse:
    log.warning("sign-in through %s failed: %s", settings.OIDC_ISSUER, failure)
    sentence = _("Signing in through %(provider)s did not work. Try it again, or sign in with your password.")
    return _sorry(request, sentence % {"provider": openid.name()}, status=502)


def _sorry(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    return render(request, "labeling_ui/account/outside_refused.html", {"sentence": sentence}, status=status)
