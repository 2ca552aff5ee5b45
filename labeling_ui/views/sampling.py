"""Solutions that a generator writes: asked for, watched, stopped. What came of it is an import like others."""

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
from annotation.models import Project
from annotation.models.projects import Role
from annotation.queries import automatic as queries
from annotation.services import sampling as services
from annotation.services.refusal import Refusal
from labeling_ui.automatic_form import SamplingForm

BY = (Role.LEAD, Role.ML)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def samplings(request: HttpRequest, slug: str) -> HttpResponse:
    """What generators were asked to write, and the form that asks: first counted, then started."""
    place = place_in_project(request.user, slug, *BY)
    form = SamplingForm(request.POST if request.method == "POST" else None, project=place.project)
    status, is_sound = 200, form.is_bound and form.is_valid()
    if is_sound and request.POST.get("act") == "start":
        try:
            services.request_solutions(project=place.project, by=place.user, wanted=form.wanted)
        except Refusal as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            messages.success(request, _("The generator writes. Its solutions come in together when it is done."))
            return redirect("samplings", slug)
    if form.is_bound and form.errors:
        status = 400
    context: dict[str, Any] = {"place": place, "form": form}
    if is_sound and not form.errors:
        context["wanted"] = form.wanted
        context["most_tokens"] = services.most_tokens(place.project, form.wanted)
    return render(request, "labeling_ui/ml/samplings.html", context | _all(place.project), status=status)


@never_cache
@login_required
@require_GET
def sampling_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that changes while a generator writes."""
    place = place_in_project(request.user, slug, *BY)
    return render(request, "labeling_ui/ml/_samplings.html", {"place": place} | _all(place.project))


def _all(project: Project) -> dict[str, Any]:
    found = queries.runs(project, now=timezone.now())
    is_cut = len(found) == queries.SHOWN and queries.has_older_runs(project)
    is_working = any(not one.watched.is_over for one in found)
    return {"project": project, "runs": found, "is_cut": is_cut, "is_working": is_working}


@login_required
@require_POST
def cancel_sampling(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask the worker to stop; nothing is kept of the solutions."""
    place = place_in_project(request.user, slug, *BY)
    try:
        has_ended = services.cancel(sampling=_found(place.project, pk).sampling, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        ended, asked = _("It is not being made any more."), _("It was asked to stop.")
        messages.success(request, ended if has_ended else asked)
    return redirect("samplings", slug)


@login_required
@require_POST
def go_on_sampling(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """After a failure, once more from what was kept."""
    place = place_in_project(request.user, slug, *BY)
    try:
        services.go_on(sampling=_found(place.project, pk).sampling, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    return redirect("samplings", slug)


def _found(project: Project, pk: int) -> queries.Run:
    found = queries.run_of(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found
