"""The gold of a project: the list, one of it, files of it. Reviewers may look."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Gold, Membership
from annotation.models.projects import Role
from annotation.models.quality import GoldKind
from annotation.queries import gold as queries
from annotation.queries.gold import Shelf
from annotation.queries.problems import LONGEST_SEARCH
from annotation.services import gold as services
from annotation.services import gold_import
from annotation.services.import_report import ImportReport
from annotation.services.line_files import read_lines
from annotation.services.refusal import Refusal
from labeling_ui.quality_forms import GoldFileForm, GoldForm


@never_cache
@login_required
@require_GET
def gold_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What is of one use, ?show=…; hidden gold, where none is named."""
    place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
    wanted = request.GET.get("show", Shelf.HIDDEN)
    if wanted not in Shelf.values:
        raise Http404
    return _list(request, place, GoldFileForm(), shelf=Shelf(wanted))


@login_required
@require_POST
def gold_file(request: HttpRequest, slug: str) -> HttpResponse:
    """A file of gold, or only a look at what it would bring; what was refused of it stands on the page."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = GoldFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, place, form, status=400)
    file, kind = form.cleaned_data["file"], GoldKind(form.cleaned_data["kind"])
    try:
        report = gold_import.import_gold(
            project=place.project,
            lines=read_lines(file),
            source=file.name,
            by=place.user,
            kind=kind,
            dry_run=request.POST.get("act") == "check",
        )
    except Refusal as refusal:
        form.add_error("file", _(str(refusal)))
        return _list(request, place, form, status=400)
    return _list(request, place, GoldFileForm(initial={"kind": kind}), report=report)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_gold(request: HttpRequest, slug: str) -> HttpResponse:
    """Gold of the solution ?solution=…; where it is gold already, its own page."""
    place = place_in_project(request.user, slug, Role.LEAD)
    number = request.GET.get("solution", "").strip()
    solution = queries.solution_to_know(place.project, number)
    if solution is None:
        messages.error(request, _("There is no solution %(number)s in this project.") % {"number": number[:20]})
        return redirect("gold", slug)
    known = queries.gold_of_solution(solution)
    if known:
        return redirect("gold_item", slug, known.pk)
    form = GoldForm(solution, None, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = services.add_gold(solution=solution, by=place.user, **form.values)
        except Refusal as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            messages.success(request, _("The solution is gold now. Hidden gold is mixed in from the next round on."))
            return redirect("gold_item", slug, made.pk)
    context = {"project": place.project, "place": place, "solution": solution, "form": form}
    return render(request, "labeling_ui/lead/quality_gold_item.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def gold_item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What is known of one solution, to look at and to correct."""
    place = place_in_project(request.user, slug, *_roles(request))
    found = queries.gold_of(place.project, pk)
    if found is None:
        raise Http404
    form = GoldForm(found.solution, found, request.POST if request.method == "POST" else None)
    act = request.POST.get("act")
    if request.method == "POST" and act not in ("retire", "bring_back", "save"):
        raise Http404
    if act in ("retire", "bring_back") or (form.is_valid() and act == "save"):
        try:
            messages.success(request, _act(place, found, form, act))
        except Refusal as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            return redirect("gold_item", slug, pk)
    context = {"project": place.project, "place": place, "gold": found, "solution": found.solution, "form": form}
    return render(request, "labeling_ui/lead/quality_gold_item.html", context, status=400 if form.errors else 200)


def _roles(request: HttpRequest) -> tuple[Role, ...]:
    return (Role.LEAD,) if request.method == "POST" else (Role.LEAD, Role.REVIEWER)


def _act(place: Membership, found: Gold, form: GoldForm, act: str) -> str:
    match act:
        case "retire":
            services.retire_gold(gold=found, by=place.user)
            return _("It is retired: nobody gets it any more. What was compared with it stays.")
        case "bring_back":
            services.bring_back_gold(gold=found, by=place.user)
            return _("It is back, from the next round or screening on.")
        case _:
            services.change_gold(gold=found, by=place.user, **form.values)
            return _("It is saved, and past labels of it are compared with it anew.")


def _list(
    request: HttpRequest,
    place: Membership,
    form: GoldFileForm,
    *,
    shelf: Shelf = Shelf.HIDDEN,
    report: ImportReport | None = None,
    status: int = 200,
) -> HttpResponse:
    page = queries.gold_page(place.project, shelf=shelf, page=request.GET.get("page"))
    search = request.GET.get("search", "").strip()[:LONGEST_SEARCH]
    candidates = queries.solutions_to_know(place.project, search) if search else []
    context = {"project": place.project, "place": place, "page": page, "form": form, "report": report}
    context |= {"search": search, "candidates": candidates}
    return render(request, "labeling_ui/lead/quality_gold.html", context, status=status)
