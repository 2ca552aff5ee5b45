"""Pages of ML staff: retrain rounds. Leads may look."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Membership, ModelVersion
from annotation.models.projects import Role
from annotation.queries import automatic
from annotation.queries import drift as drift_queries
from annotation.queries import rounds as queries
from annotation.services import rounds as services
from annotation.services import scoring
from annotation.services.refusal import Refusal
from labeling_ui.charts import auc_line, loss_curve
from labeling_ui.forms import StartRoundForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rounds(request: HttpRequest, slug: str) -> HttpResponse:
    """All rounds, the running one as it goes, and the form that starts another."""
    if request.method == "POST":
        return _start(request, place_in_project(request.user, slug, Role.ML))
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    return _list(request, place)


def _start(request: HttpRequest, place: Membership) -> HttpResponse:
    form = StartRoundForm(request.POST, sources=automatic.usable(place.project))
    if not form.is_valid():
        return _list(request, place, form, status=400)
    try:
        started = services.start_round(project=place.project, by=place.user, **form.cleaned_data)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        sentence = _("Round %(number)s is started. Labelers work on meanwhile.")
        messages.success(request, sentence % {"number": started.number})
    return redirect("rounds", place.project.slug)


def _list(
    request: HttpRequest, place: Membership, form: StartRoundForm | None = None, *, status: int = 200
) -> HttpResponse:
    page = queries.rounds_page(place.project, now=timezone.now())
    form = form or StartRoundForm.for_project(
        place.project, by_chance=page.outlook.would_fail, sources=automatic.usable(place.project)
    )
    drift = drift_queries.drift(page.rounds, tolerance=place.project.auc_tolerance)
    rows = [
        (_("Round %(number)s") % {"number": one.number}, one.metrics.step_auc, not one.compared.promote)
        for one in drift.generations
    ]
    context = {"project": place.project, "place": place, "form": form, "page": page, **_watched(page.running)}
    context |= {"drift": drift, "line": auc_line(rows)}
    return render(request, "labeling_ui/ml/rounds.html", context, status=status)


@never_cache
@login_required
@require_GET
def round_(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One round: how it went, what it found, what it chose and why."""
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    page = queries.round_page(place.project, number=number, page=request.GET.get("page"), now=timezone.now())
    if page is None:
        raise Http404
    context = {"project": place.project, "place": place, "page": page, **_watched(page.progress)}
    return render(request, "labeling_ui/ml/round.html", context)


@never_cache
@login_required
@require_GET
def progress(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The part of both pages that changes while a round runs."""
    place = place_in_project(request.user, slug, Role.ML, Role.LEAD)
    found = queries.round_of(place.project, number=number)
    if found is None:
        raise Http404
    context = {"project": place.project, **_watched(queries.progress(found, now=timezone.now()))}
    return render(request, "labeling_ui/ml/_progress.html", context)


def _watched(progress: queries.Progress | None) -> dict[str, Any]:
    """What the part that changes needs: how far the round is, and how its loss falls."""
    return {"progress": progress, "curve": loss_curve(progress.losses) if progress else None}


@login_required
@require_POST
def cancel(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Ask the round to stop; the queue stays as it is."""
    place = place_in_project(request.user, slug, Role.ML)
    found = queries.round_of(place.project, number=number)
    if found is None:
        raise Http404
    try:
        services.cancel_round(round=found, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        sentence = _("Round %(number)s was asked to stop. The queue stays as it is.")
        messages.success(request, sentence % {"number": number})
    return redirect("rounds", slug)


@login_required
@require_POST
def use_selector(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Promote the selector that this round trained, be it held back or an older one."""
    place = place_in_project(request.user, slug, Role.ML)
    version = ModelVersion.objects.filter(project=place.project, round__number=number).first()
    if version is None:
        raise Http404
    try:
        scoring.promote(version=version, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("Selector %(number)s is in use from the next round on.") % {"number": version.pk})
    return redirect("round", slug, number)
