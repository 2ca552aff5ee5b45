"""Webhooks: addresses outside that are told what happens in the project."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Membership, Project
from annotation.models.projects import Role
from annotation.queries import webhooks as queries
from annotation.services import webhooks as services
from annotation.services.refusal import Refusal


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "off", "spellcheck": "false"}),
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest, slug: str) -> HttpResponse:
    """POST adds one; its answer is the only place where the secret can be read."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = WebhookForm(request.POST) if request.method == "POST" else WebhookForm()
    secret = _add(request, place, form) if form.is_valid() else ""
    context = _webhooks(place.project) | {
        "place": place,
        "form": WebhookForm() if secret else form,
        "secret": secret,
        "origins": settings.WEBHOOK_ORIGINS,
    }
    return render(request, "labeling_ui/lead/webhooks.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_GET
def webhook_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that changes while something is on its way."""
    place = place_in_project(request.user, slug, Role.LEAD)
    return render(request, "labeling_ui/lead/_webhooks.html", _webhooks(place.project))


@login_required
@require_POST
def test_webhook(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.LEAD)
    try:
        services.send_test(project=place.project, webhook=pk, by=place.user)
    except services.NoSuchWebhook as gone:
        raise Http404 from gone
    messages.success(request, _("A test is on its way. What comes back appears below."))
    return redirect("webhooks", slug)


@login_required
@require_POST
def remove_webhook(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.LEAD)
    try:
        services.remove(project=place.project, webhook=pk, by=place.user)
    except services.NoSuchWebhook as gone:
        raise Http404 from gone
    messages.success(request, _("The webhook is removed, and what waited for it."))
    return redirect("webhooks", slug)


def _add(request: HttpRequest, place: Membership, form: WebhookForm) -> str:
    """The secret, or nothing and a sentence in the form."""
    try:
        site = request.build_absolute_uri("/")
        return services.add(project=place.project, url=form.cleaned_data["url"], site=site, by=place.user)[1]
    except Refusal as refusal:
        form.add_error("url", _(str(refusal)))
        return ""


def _webhooks(project: Project) -> dict[str, Any]:
    found = queries.webhooks(project)
    is_sending = any(one.is_untried for hook in found for one in hook.deliveries)
    return {"project": project, "webhooks": found, "is_sending": is_sending}
