"""Automatic labels: asked for, watched, held beside those of people, sent to people where they differ, exported."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Membership, Project
from annotation.models.projects import Role
from annotation.queries import automatic as queries
from annotation.queries import disagreements
from annotation.services import automatic as services
from annotation.services import consensus
from annotation.services.refusal import Refusal
from labeling_ui.automatic_form import AutomaticForm, SendForm

BY = (Role.LEAD, Role.ML)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def automatic_labels(request: HttpRequest, slug: str) -> HttpResponse:
    """All sources, and the form that has another one made: first counted, then started."""
    place = place_in_project(request.user, slug, *BY)
    given = request.POST if request.method == "POST" else None
    form = AutomaticForm(
        given, project=place.project, versions=queries.versions(place.project), batches=queries.batches(place.project)
    )
    if given is None:
        return _list(request, place, form)
    if form.is_valid() and given.get("act") == "start":
        return _start(request, place, form)
    return _list(request, place, form, status=200 if form.is_valid() else 400)


def _start(request: HttpRequest, place: Membership, form: AutomaticForm) -> HttpResponse:
    choice, how = services.read(form.given)
    name = form.cleaned_data["name"]
    try:
        source = services.request_labels(project=place.project, by=place.user, name=name, choice=choice, how=how)
    except Refusal as refusal:
        form.add_error(None, _(str(refusal)))
        return _list(request, place, form, status=400)
    return redirect("automatic_source", place.project.slug, source.pk)


def _list(request: HttpRequest, place: Membership, form: AutomaticForm, *, status: int = 200) -> HttpResponse:
    context = {"place": place, "form": form} | _all(place.project)
    context["size"] = services.expected(place.project, form.given) if form.is_bound and form.is_valid() else None
    return render(request, "labeling_ui/ml/automatic.html", context, status=status)


@never_cache
@login_required
@require_GET
def automatic_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of that page that changes while a worker labels."""
    place = place_in_project(request.user, slug, *BY)
    return render(request, "labeling_ui/ml/_automatic_list.html", _all(place.project))


def _all(project: Project) -> dict[str, Any]:
    found = queries.sources(project, now=timezone.now())
    is_cut = len(found) == queries.SHOWN and queries.has_older_sources(project)
    is_working = any(not one.watched.is_over for one in found)
    return {"project": project, "sources": found, "is_cut": is_cut, "is_working": is_working}


@never_cache
@login_required
@require_GET
def automatic_source(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One source: how far it is, how far it agrees with people, and where not."""
    place = place_in_project(request.user, slug, *BY)
    page = queries.source_page(place, pk=pk, page=request.GET.get("page"), now=timezone.now())
    if page is None:
        raise Http404
    return _source_page(request, place, page, SendForm())


def _source_page(
    request: HttpRequest, place: Membership, page: queries.SourcePage, form: SendForm, *, status: int = 200
) -> HttpResponse:
    left_out = [(number, _(disagreements.WHY_NOT[why])) for why, number in page.to_send.left_out.items()]
    context = {"place": place, "project": place.project, "page": page, "one": page.one, "found": page.found}
    context |= {"form": form, "left_out": left_out}
    return render(request, "labeling_ui/ml/automatic_source.html", context, status=status)


@never_cache
@login_required
@require_GET
def automatic_state(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The part of that page that changes while a worker labels."""
    place = place_in_project(request.user, slug, *BY)
    context = {"project": place.project, "one": _found(place.project, pk)}
    return render(request, "labeling_ui/ml/_automatic_state.html", context)


@login_required
@require_POST
def cancel_automatic(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask the worker to stop; nothing is kept of the labels."""
    place = place_in_project(request.user, slug, *BY)
    source = _found(place.project, pk).source
    try:
        has_ended = services.cancel(source=source, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        ended, asked = _("It is not being made any more."), _("It was asked to stop.")
        messages.success(request, ended if has_ended else asked)
    return redirect("automatic_source", slug, pk)


@login_required
@require_POST
def go_on_automatic(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """After a failure, once more from what was kept."""
    place = place_in_project(request.user, slug, *BY)
    try:
        services.go_on(source=_found(place.project, pk).source, by=place.user)
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    return redirect("automatic_source", slug, pk)


@login_required
@require_POST
def send_disagreements(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask second labelers about what the source and a person see differently."""
    place = place_in_project(request.user, slug, *BY)
    source = _found(place.project, pk).source
    form = SendForm(request.POST)
    if not form.is_valid():
        page = queries.source_page(place, pk=pk, page=None, now=timezone.now())
        assert page
        return _source_page(request, place, page, form, status=400)
    try:
        sent = consensus.send_disagreements(
            source=source, by=place.user, most=form.cleaned_data["most"] or consensus.MOST
        )
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    else:
        sentence = ngettext(
            "%(number)s solution waits for a second label.",
            "%(number)s solutions wait for a second label.",
            sent.queued,
        )
        messages.success(request, sentence % {"number": sent.queued})
    return redirect("automatic_source", slug, pk)


def _found(project: Project, pk: int) -> queries.Source:
    found = queries.source_of(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found
