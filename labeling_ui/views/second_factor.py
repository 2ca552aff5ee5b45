"""The second factor: setting it up, giving it, and giving it up. All of it is one page, which shows what comes next."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotation.api.permissions import signed_in
from annotation.models import User
from annotation.queries import accounts as queries
from annotation.services import second_factor as services
from labeling_ui import second_factor as session
from labeling_ui.account_forms import CodeForm
from labeling_ui.qr_code import qr_code
from labeling_ui.safe_address import inside

PAGE = "labeling_ui/account/second_factor.html"
REFUSED = (services.WrongCode, services.WaitALittle, services.NothingToConfirm, services.SetUpAlready)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the code of who has a second factor; let everybody else who is signed in set one up."""
    if not request.user.is_authenticated:
        return _at_the_door(request)
    # A provider may have asked for one of its own: that is given without being set up here, where tokens need one.
    if not services.is_set_up(request.user):
        return _set_up(request, request.user)
    if session.is_given(request):
        return redirect("security")
    return _give(request, request.user, inside(request, request.GET.get("next")))


@sensitive_post_parameters("code")
@login_required
@require_POST
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New ones in place of those that are left; this answer is the only place where they can be read."""
    try:
        codes = services.new_recovery_codes(by=signed_in(request.user), code=_code(request))
    except REFUSED as refusal:
        messages.error(request, sentence(refusal))
        return redirect("security")
    return _show_codes(request, codes, reverse("security"))


@sensitive_post_parameters("code")
@login_required
@require_POST
def remove_second_factor(request: HttpRequest) -> HttpResponse:
    try:
        services.remove(by=signed_in(request.user), code=_code(request))
    except REFUSED as refusal:
        messages.error(request, sentence(refusal))
    else:
        session.forget(request)
        messages.success(request, _("Your second factor is removed."))
    return redirect("security")


def sentence(refusal: Exception) -> str:
    if isinstance(refusal, services.WaitALittle):
        words = _("There were several wrong codes. Try again in %(seconds)s seconds.")
        return words % {"seconds": refusal.seconds}
    return _(str(refusal))


def _at_the_door(request: HttpRequest) -> HttpResponse:
    """The password was right a moment ago."""
    waiting = session.who_waits(request)
    if waiting is None:
        return redirect("sign_in")
    user, back = waiting
    if request.method != "POST":
        return _page(request, step="give")
    session.count_attempt(request)
    try:
        services.check(user=user, code=_code(request))
    except REFUSED as refusal:
        if session.who_waits(request) is None:
            return _page(request, step="over", status=403)
        return _page(request, step="give", problem=sentence(refusal), status=400)
    session.sign_in(request, user, is_second_factor_given=True)
    return redirect(back)


def _give(request: HttpRequest, user: User, back: str) -> HttpResponse:
    """Signed in, but not with the second factor: it was set up elsewhere, or the provider did not ask for one."""
    if request.method != "POST":
        return _page(request, step="give")
    try:
        services.check(user=user, code=_code(request))
    except REFUSED as refusal:
        return _page(request, step="give", problem=sentence(refusal), status=400)
    session.mark_given(request)
    return redirect(back)


def _set_up(request: HttpRequest, user: User) -> HttpResponse:
    problem = ""
    try:
        match request.POST.get("act"):
            case "begin":
                services.begin(by=user)
                return redirect(request.get_full_path())
            case "confirm":
                codes = services.confirm(by=user, code=_code(request))
                session.mark_given(request)
                return _show_codes(request, codes, inside(request, request.GET.get("next")))
    except REFUSED as refusal:
        problem = sentence(refusal)
    secret = queries.unconfirmed_secret(user)
    shown: dict[str, Any] = {"secret": secret, "qr": qr_code(secret.address) if secret else None}
    return _page(request, step="confirm" if secret else "begin", problem=problem, **shown)


def _show_codes(request: HttpRequest, codes: list[str], back: str) -> HttpResponse:
    return render(request, "labeling_ui/account/recovery_codes.html", {"codes": codes, "back": back})


def _page(request: HttpRequest, *, step: str, problem: str = "", status: int = 200, **more: Any) -> HttpResponse:
    return render(request, PAGE, {"step": step, "problem": problem} | more, status=status)


def _code(request: HttpRequest) -> str:
    form = CodeForm(request.POST)
    return str(form.cleaned_data["code"]) if form.is_valid() else ""
