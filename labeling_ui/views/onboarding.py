from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotation.api.permissions import labeler_for, place_in_project
from annotation.models import Instructions, Project
from annotation.models.projects import Role
from annotation.services import guidance
from labeling_ui import practice as practice_run
from labeling_ui.lessons import examples, examples_options

# The keys of the labeling page that mean something here; the names are those of js/keymap.js.
PRACTICE_KEYS = {
    "bad": gettext_lazy("rate Bad"),
    "okay": gettext_lazy("rate Okay"),
    "great": gettext_lazy("rate Great"),
    "submit": gettext_lazy("go on, when you have read what we say"),
    "instructions": gettext_lazy("open the instructions"),
    "help": gettext_lazy("this list"),
}


@dataclass(frozen=True)
class Block:
    kind: str  # heading | list | paragraph
    lines: list[str]
    anchor: str = ""


@login_required
@require_GET
def instructions(request: HttpRequest, slug: str) -> HttpResponse:
    """The instructions in force, or those of ?version=N: the lead's text, or the built-in page where that is empty."""
    place = place_in_project(request.user, slug)
    versions = list(Instructions.objects.filter(project=place.project).order_by("-version"))
    newest = versions[0] if versions else None
    shown = _version(versions, request.GET["version"]) if "version" in request.GET else newest
    parts = blocks(shown.text) if shown else []
    context = {
        "project": place.project,
        "place": place,
        "versions": versions,
        "newest": newest,
        "shown": shown,
        "blocks": parts,
        "contents": _headings(parts) if parts else _built_in_headings(place.project),
        "has_options": practice_run.has_options(place.project),
        "examples": examples_options.OPTIONS if place.project.phase == 1 else examples.SOLUTIONS,
        "alternatives": examples.ALTERNATIVES,
        "own_step": examples_options.OWN_STEP,
        "own_steps": examples_options.OWN_STEPS,
    }
    return render(request, "labeling_ui/onboarding/instructions.html", context)


@never_cache
@login_required
@require_GET
def practice(request: HttpRequest, slug: str) -> HttpResponse:
    """The practice run. It happens in the browser; the server learns only that somebody came to its end."""
    place = place_in_project(request.user, slug)
    config = {
        "user": request.user.pk,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "read_ahead": place.project.read_ahead == "always",
        "done": reverse("practice_done", args=[slug]) if place.role == Role.LABELER else None,
        **practice_run.data(place.project),
    }
    context = {"project": place.project, "place": place, "config": config, "keys": PRACTICE_KEYS.items()}
    return render(request, "labeling_ui/onboarding/practice.html", context)


@require_POST
@login_required
def practice_done(request: HttpRequest, slug: str) -> HttpResponse:
    """The end of a practice run: told by its script, or by the button that goes on to the labeling page."""
    guidance.finish_practice(by=labeler_for(request.user, slug))
    if request.content_type == "application/json":
        return JsonResponse({"practiced": True})
    return redirect("label", slug)


def blocks(text: str) -> list[Block]:
    """A lead's text as blocks parted by empty lines: "# …" is a heading, lines beginning with "- " are a list."""
    parts = [part.splitlines() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return [_block([line for line in lines if line.strip()], number) for number, lines in enumerate(parts, start=1)]


def _block(lines: list[str], number: int) -> Block:
    if len(lines) == 1 and lines[0].startswith("#"):
        return Block("heading", [lines[0].lstrip("# ")], f"part-{number}")
    if all(line.startswith("- ") for line in lines):
        return Block("list", [line[2:] for line in lines])
    return Block("paragraph", ["\n".join(lines)])


def _version(versions: list[Instructions], wanted: str) -> Instructions:
    for one in versions:
        if str(one.version) == wanted:
            return one
    raise Http404


def _headings(parts: list[Block]) -> list[tuple[str, str]]:
    """The contents of a lead's text, as (anchor, title); none for a text that one sees at a glance."""
    found = [(part.anchor, part.lines[0]) for part in parts if part.kind == "heading"]
    return found if len(found) > 2 else []


def _built_in_headings(project: Project) -> list[tuple[str, str]]:
    is_dialogue = project.phase == 1
    found = [("ratings", _("The ratings")), ("order", _("Ask in this order")), ("examples", _("Examples"))]
    if is_dialogue:
        found.append(("own-steps", _("Your own step")))
    elif practice_run.has_options(project):
        found.append(("alternatives", _("After the error: the alternatives")))
    return [
        *found,
        ("stopping", _("Bad problem, give up, or a wrong guess?")),
        ("good-to-know", _("Good to know")),
    ]
