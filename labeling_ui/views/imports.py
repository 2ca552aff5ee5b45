"""Files that a lead brings in: sent, checked, looked at, imported, and taken back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import ImportBatch, Membership, Project
from annotation.models.projects import Role
from annotation.queries import imports as queries
from annotation.services import import_batches as services
from annotation.services.refusal import Refusal
from labeling_ui.import_form import ImportForm, LeaveOutForm

SAID = {
    services.confirm_import: gettext_lazy("The import has begun. It brings in all of the file, or nothing."),
    services.cancel_import: gettext_lazy("Nothing of this file is kept."),
    services.request_undo: gettext_lazy("What it brought is being removed."),
}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest, slug: str) -> HttpResponse:
    """All imports, and the form that takes a file in."""
    place = place_in_project(request.user, slug, Role.LEAD)
    if request.method == "POST":
        return _take_in(request, place)
    return _list(request, place, ImportForm())


def _take_in(request: HttpRequest, place: Membership) -> HttpResponse:
    given, files = request.POST, request.FILES  # what is too big shows when these are read
    form = ImportForm(given, files, is_too_big=getattr(request, "is_upload_too_big", False))
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = services.request_import(
                project=place.project, by=place.user, name=file.name, content=file.chunks(), choices=form.choices
            )
        except Refusal as refusal:
            form.add_error("file", _(str(refusal)))
        else:
            return redirect("import", place.project.slug, batch.pk)
    return _list(request, place, form, status=400)


def _list(request: HttpRequest, place: Membership, form: ImportForm, status: int = 200) -> HttpResponse:
    context = {"place": place, "form": form} | _all(place.project)
    return render(request, "labeling_ui/lead/imports.html", context, status=status)


@never_cache
@login_required
@require_GET
def import_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that changes while a worker has a file."""
    place = place_in_project(request.user, slug, Role.LEAD)
    return render(request, "labeling_ui/lead/_imports.html", _all(place.project))


def _all(project: Project) -> dict[str, Any]:
    found = queries.imports(project, now=timezone.now())
    return {"project": project, "imports": found, "is_working": any(one.is_working for one in found)}


@never_cache
@login_required
@require_GET
def import_(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One file: what the check found, and what became of it."""
    place = place_in_project(request.user, slug, Role.LEAD)
    context = {"place": place, "project": place.project, "one": _found(place.project, pk)}
    return render(request, "labeling_ui/lead/import.html", context)


@never_cache
@login_required
@require_GET
def import_state(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The part of that page that changes while a worker has the file."""
    place = place_in_project(request.user, slug, Role.LEAD)
    context = {"project": place.project, "one": _found(place.project, pk)}
    return render(request, "labeling_ui/lead/_import_state.html", context)


@login_required
@require_POST
def confirm_import(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    wanted = LeaveOutForm(request.POST)
    if not wanted.is_valid():
        return HttpResponseBadRequest()
    return _act(request, slug, pk, services.confirm_import, leave_out=wanted.cleaned_data["leave_out"])


@login_required
@require_POST
def cancel_import(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _act(request, slug, pk, services.cancel_import)


@login_required
@require_POST
def undo_import(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return _act(request, slug, pk, services.request_undo)


def _act(request: HttpRequest, slug: str, pk: int, act: Callable[..., ImportBatch], **told: Any) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.LEAD)
    try:
        act(batch=_found(place.project, pk).batch, by=place.user, **told)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        messages.success(request, SAID[act])
    return redirect("import", slug, pk)


def _found(project: Project, pk: int) -> queries.Import:
    found = queries.batch_of(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found
