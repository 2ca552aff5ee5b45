"""What leads tell labelers: the instructions, and messages."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.api.permissions import place_in_project
from annotation.models import Label, Membership, Project
from annotation.models.projects import Role
from annotation.queries import guidance as queries
from annotation.services import guidance as services
from labeling_ui.forms import InstructionsForm, MessageForm
from labeling_ui.views.onboarding import blocks


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def guidance(request: HttpRequest, slug: str) -> HttpResponse:
    """One page with two forms; the button that was pressed says which of them is meant."""
    place = place_in_project(request.user, slug, Role.LEAD)
    act = request.POST.get("act")
    page = queries.guidance_page(place.project, page=request.GET.get("page"))
    instructions = _instructions_form(request, page, act)
    message = _message_form(request, place.project, page, act)
    if instructions.is_valid() and _publish(request, place, instructions):
        return _back(slug)
    if message.is_valid():
        _send(request, place, message)
        return _back(slug)
    context: dict[str, Any] = {
        "project": place.project,
        "place": place,
        "page": page,
        "instructions": instructions,
        "message": message,
        "in_force": blocks(page.newest.text) if page.newest else [],
        "is_preview": act == "preview",
        "preview": blocks(request.POST.get("text", "")) if act == "preview" else [],
    }
    status = 400 if instructions.errors or message.errors else 200
    return render(request, "labeling_ui/lead/guidance.html", context, status=status)


def _back(slug: str) -> HttpResponse:
    # A browser keeps the fragment of the form's address unless it is given another: the sentence on what was done
    # stands at the top.
    return redirect(reverse("guidance", args=[slug]) + "#main")


def _instructions_form(request: HttpRequest, page: queries.GuidancePage, act: str | None) -> InstructionsForm:
    match act:
        case "publish":
            return InstructionsForm(request.POST, newest=page.newest)
        case "preview":  # what was written, as it is; it is checked when it is published
            return InstructionsForm(initial=request.POST.dict(), newest=page.newest)
        case _:
            return InstructionsForm(newest=page.newest)


def _message_form(request: HttpRequest, project: Project, page: queries.GuidancePage, act: str | None) -> MessageForm:
    if act == "send":
        about = _label(project, request.POST.get("label"))
        return MessageForm(request.POST, labelers=page.labelers, about=about, auto_id="message_%s")
    about = _label(project, request.GET.get("label"))
    to = str(about.labeler.pseudonym) if about else request.GET.get("to", "")
    return MessageForm(initial={"to": to}, labelers=page.labelers, about=about, auto_id="message_%s")


def _label(project: Project, pk: str | None) -> Label | None:
    try:
        return queries.label_to_write_about(project, UUID(pk)) if pk else None
    except ValueError:
        return None


def _publish(request: HttpRequest, place: Membership, form: InstructionsForm) -> bool:
    fields = form.cleaned_data | {"based_on": form.cleaned_data["based_on"] or 0}
    try:
        made = services.publish_instructions(project=place.project, by=place.user, **fields)
    except services.PublishedMeanwhile as refusal:
        form.begin_again(_(str(refusal)))
        return False
    except services.ChangesUntold as refusal:
        form.add_error("changes", _(str(refusal)))
        return False
    if made.must_acknowledge:
        sentence = _("Version %(version)s is in force. Labelers are asked to read what has changed before they go on.")
    else:
        sentence = _("Version %(version)s is in force.")
    messages.success(request, sentence % {"version": made.version})
    return True


def _send(request: HttpRequest, place: Membership, form: MessageForm) -> None:
    to = form.recipient
    services.send(project=place.project, by=place.user, text=form.cleaned_data["text"], to=to, about=form.about)
    sentence = _("The message to %(name)s is sent.") % {"name": to.user} if to else _("The message to all is sent.")
    messages.success(request, sentence)
