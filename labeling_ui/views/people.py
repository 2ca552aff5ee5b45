"""Who belongs to the project, for its leads: invite, change a role, pause, let go; and the record of who worked when."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.api.permissions import place_in_project
from annotation.models import Labeler, Membership, Project
from annotation.models.projects import Role
from annotation.queries import pay
from annotation.queries import people as queries
from annotation.services import invitations, members
from annotation.services.refusal import Refusal
from labeling_ui.account_forms import ROLES, DaysForm, InvitationForm, RoleForm
from labeling_ui.csv_files import csv_response
from labeling_ui.views import labeler_acts

PAY_HEADER = (
    "day (UTC)",
    "pseudonym",
    "user name",
    "labels",
    "corrections",
    "active minutes",
    "minutes with a solution open",
    "labels without a measured time",
    "instructions versions",
    "terms agreed to",
)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """POST invites; its answer is the only place where the link can be read."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = InvitationForm(request.POST) if request.method == "POST" else InvitationForm.empty()
    link = ""
    if form.is_valid():
        link = _invite(request, place, form)
    today = timezone.now().date()
    context = {
        "project": place.project,
        "place": place,
        "page": queries.people_page(place.project),
        "form": InvitationForm.empty() if link else form,
        "link": link,
        "invited": form.cleaned_data if link else None,
        "lifetime": invitations.LIFETIME,
        "roles": ROLES.items(),
        "days": DaysForm(initial={"since": today.replace(day=1), "until": today}),
    }
    return render(request, "labeling_ui/lead/people.html", context, status=400 if form.errors else 200)


def _invite(request: HttpRequest, place: Membership, form: InvitationForm) -> str:
    """The link, or nothing and a sentence in the form."""
    try:
        secret = invitations.invite(project=place.project, by=place.user, **form.cleaned_data)
    except (invitations.MemberAlready, invitations.InvitedAlready) as refusal:
        form.add_error("email", _(str(refusal)))
        return ""
    return request.build_absolute_uri(reverse("invitation", args=[secret]))


@login_required
@require_POST
def member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The button that was pressed says what becomes of the person."""
    place = place_in_project(request.user, slug, Role.LEAD)
    membership = queries.member(place.project, pk)
    if membership is None:
        raise Http404
    try:
        messages.success(request, _act(request, place, membership))
    except members.NotAMember as gone:
        raise Http404 from gone
    except Refusal as refusal:
        messages.error(request, _(str(refusal)))
    # Who is no lead any more has another way on.
    still_leads = Membership.objects.filter(pk=place.pk, role=Role.LEAD).exists()
    return redirect("people", slug) if still_leads else redirect("home")


@login_required
@require_POST
def withdraw_invitation(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    place = place_in_project(request.user, slug, Role.LEAD)
    try:
        invitations.withdraw(project=place.project, invitation=pk, by=place.user)
    except invitations.NotOpen as gone:
        raise Http404 from gone
    messages.success(request, _("The invitation is withdrawn. Its link does not work any more."))
    return redirect("people", slug)


@never_cache
@login_required
@require_GET
def pay_record(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Active minutes by labeler and day, as a table for whoever pays."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = DaysForm(request.GET)
    if not form.is_valid():
        messages.error(request, _("Choose a first and a last day, in this order."))
        return redirect("people", slug)
    since, until = form.cleaned_data["since"], form.cleaned_data["until"]
    header, rows = _pay_table(place.project, pay.work_days(place.project, since=since, until=until))
    return csv_response(f"{slug}-work-{since}-{until}.csv", header, rows)


def _pay_table(project: Project, days: list[pay.WorkDay]) -> tuple[tuple[str, ...], list[list[Any]]]:
    """With what it comes to, where the project says what an hour costs."""
    hourly = project.hourly_cost
    header = PAY_HEADER if hourly is None else (*PAY_HEADER, f"pay ({project.currency or 'per hour of the settings'})")
    rows = [
        [
            one.day,
            str(one.pseudonym),
            one.username,
            one.labels,
            one.corrections,
            one.active_minutes,
            one.open_minutes,
            one.untimed,
            one.instructions,
            one.terms,
            *([] if hourly is None else [one.pay(hourly)]),
        ]
        for one in days
    ]
    return header, rows


def _act(request: HttpRequest, place: Membership, membership: Membership) -> str:
    """Do it, and say so."""
    name = {"name": membership.user.get_username()}
    match request.POST.get("act"):
        case "role":
            form = RoleForm(request.POST)
            if not form.is_valid():
                raise Http404
            role = form.cleaned_data["role"]
            made = members.change_role(project=place.project, member=membership.pk, role=role, by=place.user)
            return _("%(name)s has this role now: %(role)s.") % (name | {"role": _(made.get_role_display())})
        case "remove":
            members.remove_member(project=place.project, member=membership.pk, by=place.user)
            return _("%(name)s is out of the project. Their labels stay.") % name
        case "pause":
            return labeler_acts.pause(request, _labeler(membership), place.user)
        case "reinstate":
            return labeler_acts.reinstate(request, _labeler(membership), place.user)
        case _:
            raise Http404


def _labeler(membership: Membership) -> Labeler:
    labeler = queries.labeler_of(membership)
    if labeler is None:
        raise Http404
    return labeler
