"""Who did what in a project, for its leads."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import audit as queries
from labeling_ui import audit_words
from labeling_ui.audit_words import as_text
from labeling_ui.csv_files import csv_response

HEADER = ("at (UTC)", "by", "of", "what", "target", "field", "before", "after")


class WantedForm(forms.Form):
    """The filters."""

    who = forms.CharField(label=_("By"), required=False, max_length=150)
    what = forms.CharField(label=_("What"), required=False, max_length=60)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def wanted(self) -> queries.Wanted:
        """What can be used of them."""
        self.is_valid()
        return queries.Wanted(**{name: value for name, value in self.cleaned_data.items() if value})


@never_cache
@login_required
@require_GET
def audit(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The time line, a page at a time by ?before=; the whole of it by ?format=csv."""
    place = place_in_project(request.user, slug, Role.LEAD)
    form = WantedForm(request.GET)
    wanted = form.wanted()
    if request.GET.get("format") == "csv" and not form.errors:  # a file does not say what it leaves out
        rows = (row for entry in queries.all_entries(place, wanted) for row in _rows(entry))
        return csv_response(f"{slug}-audit.csv", HEADER, rows)
    page = queries.audit_page(place, wanted, before=request.GET.get("before"))
    kept = {name: value for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "project": place.project,
        "place": place,
        "page": page,
        "lines": audit_words.lines(page.entries),
        "form": form,
        "sources": audit_words.SOURCES,
        "filters": urlencode(kept),
        "older": urlencode(kept | {"before": page.older}) if page.older else "",
        "is_later_page": bool(request.GET.get("before")),
    }
    return render(request, "labeling_ui/lead/audit.html", context, status=400 if form.errors else 200)


def _rows(entry: queries.Entry) -> list[tuple[Any, ...]]:
    """A line for each field that changed, and one for an act without any."""
    start = (entry.at.isoformat(timespec="seconds"), entry.who or "", entry.source, entry.action, entry.target)
    told = [(change.field, as_text(change.before), as_text(change.after)) for change in entry.changes]
    return [(*start, *change) for change in told or [("", "", "")]]
