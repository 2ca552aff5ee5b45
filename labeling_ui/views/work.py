"""A labeler's own page: what leads tell them, what they have done, and the way to correct it."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.api.permissions import labeler_for
from annotation.models.labelers import Admission, LabelerState
from annotation.queries import work as queries
from annotation.queries.screening import screening_of
from annotation.services import guidance
from labeling_ui.charts import bars


class ReplyForm(forms.Form):
    text = forms.CharField(required=False, max_length=20_000)  # whether it says anything, the service knows


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)


@never_cache
@login_required
@require_GET
def work(request: HttpRequest, slug: str) -> HttpResponse:
    """My work."""
    labeler = labeler_for(request.user, slug)
    own = queries.own_work(labeler, today=timezone.now().date())
    context = {
        "project": labeler.project,
        "labeler": labeler,
        "is_paused": labeler.state == LabelerState.PAUSED,
        "screening": screening_of(labeler) if labeler.admission == Admission.SCREENING else None,
        "work": own,
        "figures": own.figures,
        "bars": bars([(day.day, day.labels) for day in own.figures.days]),
    }
    return render(request, "labeling_ui/work/work.html", context)


@login_required
@require_POST
def acknowledge(request: HttpRequest, slug: str) -> HttpResponse:
    """They have read the version of the instructions that the page showed."""
    form = VersionForm(request.POST)
    if not form.is_valid():
        raise Http404
    try:
        guidance.acknowledge(by=labeler_for(request.user, slug), **form.cleaned_data)
    except guidance.UnknownVersion as unknown:
        raise Http404 from unknown
    messages.success(request, _("Thank you. New solutions come again."))
    return redirect("work", slug)


@login_required
@require_POST
def read(request: HttpRequest, slug: str) -> HttpResponse:
    """They have read these messages."""
    shown = [int(pk) for pk in request.POST.getlist("message")[: queries.MESSAGES] if pk.isdecimal() and len(pk) < 19]
    guidance.mark_read(by=labeler_for(request.user, slug), messages=shown)
    return redirect("work", slug)


@login_required
@require_POST
def reply(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Answer a message."""
    labeler = labeler_for(request.user, slug)
    form = ReplyForm(request.POST)
    try:
        if not form.is_valid():
            messages.error(request, str(form.errors["text"][0]))
        else:
            guidance.reply(by=labeler, message=pk, **form.cleaned_data)
            messages.success(request, _("Your reply is sent. Project leads read it."))
    except guidance.NotYourMessage as unknown:
        raise Http404 from unknown
    except guidance.NothingSaid as refusal:
        messages.error(request, _(str(refusal)))
    return redirect("work", slug)
