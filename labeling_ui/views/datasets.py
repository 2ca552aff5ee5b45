"""Datasets: asked for, made by a worker, loaded, made again, published."""

from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.files import file_response
from annotation.api.permissions import place_in_project
from annotation.models import Membership, Project
from annotation.models.projects import Role
from annotation.queries import datasets as queries
from annotation.queries.undecided import MOST_SOLUTIONS, undecided
from annotation.services import publishing, snapshots
from annotation.services.export_orders import NeutralUndecided
from annotation.services.refusal import Refusal
from labeling_ui.dataset_form import DatasetForm, PublicationForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def datasets(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a dataset; see what became of those asked for before."""
    place = place_in_project(request.user, slug, Role.LEAD)
    versions = queries.scorers(place.project)
    if request.method != "POST":
        return _page(request, place, DatasetForm(versions=versions))
    form = DatasetForm(request.POST, versions=versions)
    if form.is_valid():
        try:
            snapshots.request_snapshot(project=place.project, by=place.user, **form.wanted)
        except NeutralUndecided as refusal:
            form.add_error("neutral", _(str(refusal)))
        except Refusal as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            messages.success(
                request, _("The dataset is being made. It appears below when all of its files are complete.")
            )
            return redirect("datasets", slug)
    return _page(request, place, form, status=400)


def _page(request: HttpRequest, place: Membership, form: DatasetForm, status: int = 200) -> HttpResponse:
    context = {"place": place, "form": form} | _datasets(place.project)
    context["undecided"] = undecided(place.project, most=MOST_SOLUTIONS)
    return render(request, "labeling_ui/lead/datasets.html", context, status=status)


@never_cache
@login_required
@require_GET
def dataset_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that changes while a worker has something to do."""
    place = place_in_project(request.user, slug, Role.LEAD)
    return render(request, "labeling_ui/lead/_datasets.html", _datasets(place.project))


def _datasets(project: Project) -> dict[str, Any]:
    found = queries.datasets(project, now=timezone.now())
    return {
        "project": project,
        "datasets": found,
        "is_making": any(one.is_working for one in found),
        "can_publish": bool(settings.HF_TOKEN),
    }


@login_required
@require_POST
def cancel_dataset(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask the worker to stop."""
    place = place_in_project(request.user, slug, Role.LEAD)
    found = _found(place.project, pk)
    try:
        has_ended = snapshots.cancel_snapshot(snapshot=found.snapshot, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        ended, asked = _("Dataset %(number)s is not being made any more."), _("Dataset %(number)s was asked to stop.")
        messages.success(request, (ended if has_ended else asked) % {"number": pk})
    return redirect("datasets", slug)


@login_required
@require_POST
def repeat_dataset(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Have the same files made once more, as they were."""
    place = place_in_project(request.user, slug, Role.LEAD)
    found = _found(place.project, pk)
    try:
        snapshots.repeat_snapshot(snapshot=found.snapshot, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("Dataset %(number)s is being made again, to the byte.") % {"number": pk})
    return redirect("datasets", slug)


@login_required
@require_POST
def publish_dataset(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Have the files brought to a repository of the Hugging Face Hub."""
    place = place_in_project(request.user, slug, Role.LEAD)
    found, form = _found(place.project, pk), PublicationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Name the repository: owner/name."))
        return redirect("datasets", slug)
    try:
        publishing.request_publication(snapshot=found.snapshot, repo=form.cleaned_data["repo"], by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, _("Dataset %(number)s is on its way to the Hub.") % {"number": pk})
    return redirect("datasets", slug)


def _found(project: Project, pk: int) -> queries.Dataset:
    found = queries.dataset(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found


# Were a browser ever to show a dataset instead of saving it, it would be a page without script and without an origin.
@csp_update({"sandbox": True})  # type: ignore[arg-type]  # typed for views without arguments only
@never_cache
@login_required
@require_GET
def dataset_file(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponseBase:
    """One file of a finished dataset. Its path comes from what the database says, never from the address."""
    place = place_in_project(request.user, slug, Role.LEAD)
    path = queries.dataset_file(place.project, pk=pk, name=name)
    if path is None:
        raise Http404
    return file_response(request, path, name=f"{slug}-dataset-{pk}-{name}")
