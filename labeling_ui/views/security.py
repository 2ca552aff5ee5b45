"""My account: the password, where I am signed in, the second factor, and what is stored about me."""

import json
from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import signed_in
from annotation.models import Membership, User
from annotation.queries import accounts as queries
from annotation.queries import personal as personal_queries
from annotation.services import accounts, members, personal
from labeling_ui import second_factor
from labeling_ui.account_forms import DeleteForm, PasswordForm


@never_cache
@sensitive_post_parameters("current", "new")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid() and _change_password(request, form):
        return redirect("security")
    context = {
        "form": form,
        "factor": queries.second_factor(signed_in(request.user)),
        "is_factor_given": second_factor.is_given(request),
        "is_factor_required": settings.REQUIRE_MFA,
    }
    return render(request, "labeling_ui/account/security.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Everywhere but here."""
    ended = accounts.end_sessions(user=signed_in(request.user), but=request.session.session_key)
    sentence = ngettext(
        "You were signed out in %(n)s other place.", "You were signed out in %(n)s other places.", ended
    )
    messages.success(request, sentence % {"n": ended} if ended else _("You are signed in nowhere else."))
    return redirect("security")


@never_cache
@sensitive_post_parameters("current")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def data(request: HttpRequest) -> HttpResponse:
    """What is stored about me, and the way out. POST deletes the account."""
    form = DeleteForm(request.POST if request.method == "POST" else None, request=request)
    if form.is_valid():
        try:
            personal.delete_account(by=form.user)
        except (members.LastLead, personal.LastSuperuser) as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            logout(request)
            return render(request, "labeling_ui/account/deleted.html")
    places = Membership.objects.filter(user=form.user).select_related("project").order_by("project__name")
    context = {"form": form, "places": places}
    return render(request, "labeling_ui/account/data.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_GET
def data_file(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _as_json(signed_in(request.user)),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="stepmark-my-data.json"'},
    )


def _change_password(request: HttpRequest, form: PasswordForm) -> bool:
    user = form.user
    try:
        accounts.change_password(by=user, password=form.cleaned_data["new"])
    except accounts.WeakPassword as refusal:
        form.add_error("new", _(str(refusal)))
        return False
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is changed. Everywhere else you are signed out."))
    return True


def _as_json(user: User) -> Iterator[str]:
    """Piece by piece: somebody's labels may be many."""
    encode = DjangoJSONEncoder(ensure_ascii=False).encode
    yield f'{{"note": {json.dumps(personal_queries.LEFT_OUT)}'
    for heading, rows in personal_queries.everything_about(user):
        yield f',\n"{heading}": ['
        for place, row in enumerate(rows):
            yield f"{',' if place else ''}\n{encode(row)}"
        yield "]"
    yield "}\n"
