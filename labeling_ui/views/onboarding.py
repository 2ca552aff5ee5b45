from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotation.api.permissions import place_in_project
from annotation.models import Instructions


@dataclass(frozen=True)
class Block:
    kind: str  # heading | list | paragraph
    lines: list[str]


@login_required
def instructions(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest instructions: the lead's text, or the built-in page where that is empty."""
    place = place_in_project(request.user, slug)
    newest = Instructions.objects.filter(project=place.project).order_by("-version").first()
    context = {
        "project": place.project,
        "place": place,
        "instructions": newest,
        "blocks": blocks(newest.text) if newest else [],
    }
    return render(request, "labeling_ui/onboarding/instructions.html", context)


def blocks(text: str) -> list[Block]:
    """A lead's text as blocks parted by empty lines: "# …" is a heading, lines beginning with "- " are a list."""
    parts = [part.splitlines() for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return [_block([line for line in lines if line.strip()]) for lines in parts]


def _block(lines: list[str]) -> Block:
    if len(lines) == 1 and lines[0].startswith("#"):
        return Block("heading", [lines[0].lstrip("# ")])
    if all(line.startswith("- ") for line in lines):
        return Block("list", [line[2:] for line in lines])
    return Block("paragraph", ["\n".join(lines)])
