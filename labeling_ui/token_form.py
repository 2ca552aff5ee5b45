from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import Project
from annotation.models.tokens import Scope

SCOPES = {
    Scope.READ: _("Read: whatever you may see"),
    Scope.LABEL: _("Label: claim solutions and hand in labels"),
    Scope.MANAGE: _("Manage: everything that you may do"),
}
DAYS = {7: _("a week"), 30: _("a month"), 90: _("three months"), 365: _("a year")}


class TokenForm(forms.Form):
    """What a new token is for, what it may do and how long."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    project = forms.ModelChoiceField(
        label=_("Where"), queryset=Project.objects.none(), required=False, empty_label=_("in all of my projects")
    )
    days = forms.TypedChoiceField(label=_("For how long"), choices=list(DAYS.items()), coerce=int)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["project"]
        field.queryset = Project.objects.visible_to(user).order_by("name", "pk")

    @classmethod
    def empty(cls, user: Any) -> "TokenForm":
        return cls(user=user, initial={"scopes": [Scope.READ], "days": 90})
