from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotation.api.permissions import signed_in
from annotation.services import accounts, invitations
from annotation.services.refusal import Refusal
from labeling_ui import openid, second_factor


class AccountForm(forms.Form):
    username = forms.CharField(label=gettext_lazy("User name"), max_length=150, validators=[UnicodeUsernameValidator()])
    password = forms.CharField(label=gettext_lazy("Password"), max_length=200, strip=False)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """GET shows who invites to what; only POST uses the invitation up: scanners of mail open every link."""
    try:
        shown = invitations.look_at(secret=secret)
        if request.method == "POST" and request.user.is_authenticated:
            invitations.join(secret=secret, by=request.user)
            return redirect("home")
    except (invitations.InvitationGone, invitations.AlreadyMember) as gone:
        return _gone(request, gone)
    form = AccountForm(request.POST or None)
    problem = _make_account(request, secret, form) if request.method == "POST" and form.is_valid() else ""
    if problem is None:
        return redirect("home")
    page = {"invitation": shown, "form": form, "problem": problem, "provider": openid.name()}
    return render(request, "labeling_ui/account/invitation.html", page)


@login_required
@require_POST
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Into the project of an invitation that waits on the first page, where its terms are read, too."""
    try:
        invitations.join_without_link(invitation=pk, by=signed_in(request.user))
    except invitations.NotOpen as gone:
        return _gone(request, gone)
    return redirect("home")


def _gone(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return render(request, "labeling_ui/account/invitation_gone.html", {"sentence": _(str(refusal))}, status=404)


def _make_account(request: HttpRequest, secret: str, form: AccountForm) -> str | None:
    """Make the account and sign it in; a sentence where that is refused."""
    try:
        user = invitations.accept(secret=secret, **form.cleaned_data)
    except (invitations.NameTaken, accounts.WeakPassword, invitations.InvitationGone) as refusal:
        return _(str(refusal))
    second_factor.sign_in(request, user, is_second_factor_given=False)
    return None
