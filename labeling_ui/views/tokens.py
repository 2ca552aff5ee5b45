"""My API tokens: what programs may do in my name."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.api.permissions import check_second_factor_for_token, signed_in
from annotation.models import User
from annotation.queries import tokens as queries
from annotation.services import tokens as services
from annotation.services.refusal import Refusal
from labeling_ui.token_form import SCOPES, TokenForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """POST makes one; its answer is the only place where the secret can be read."""
    user = signed_in(request.user)
    form = TokenForm(request.POST, user=user) if request.method == "POST" else TokenForm.empty(user)
    secret = _make(user, form) if form.is_valid() else ""
    context = {
        "form": TokenForm.empty(user) if secret else form,
        "secret": secret,
        "tokens": [(one, [SCOPES[scope] for scope in SCOPES if scope in one.scopes]) for one in queries.tokens(user)],
    }
    return render(request, "labeling_ui/account/tokens.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        services.revoke(token=pk, by=signed_in(request.user))
    except services.NoSuchToken as gone:
        raise Http404 from gone
    messages.success(request, _("The token does not work any more."))
    return redirect("tokens")


def _make(user: User, form: TokenForm) -> str:
    """The secret, or nothing and a sentence in the form."""
    check_second_factor_for_token(user)
    try:
        return services.make(by=user, **form.cleaned_data)[1]
    except Refusal as refusal:
        form.add_error(None, _(str(refusal)))
        return ""
