"""Forms of accounts: passwords, codes, invitations, projects."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from annotation.api.permissions import signed_in
from annotation.models.projects import Role
from labeling_ui.fields import TextField, one_of
from labeling_ui.settings_form import PHASES

CURRENT = {"autocomplete": "current-password"}
ROLES = {
    Role.LABELER: _("Labeler: rates solutions, and sees nobody else's ratings"),
    Role.REVIEWER: _("Reviewer: decides where labelers disagree"),
    Role.LEAD: _("Project lead: everything on these pages, people and settings included"),
    Role.ML: _("ML staff: starts rounds, chooses the model in use"),
}


class ConfirmedForm(forms.Form):
    """What needs the password once more. Its guesses count like those at the door, by django-axes."""

    current = forms.CharField(
        label=_("Your password"), max_length=200, strip=False, widget=forms.PasswordInput(attrs=CURRENT)
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user = signed_in(request.user)

    def clean_current(self) -> str:
        given = self.cleaned_data["current"]
        if authenticate(self.request, username=self.user.get_username(), password=given) != self.user:
            raise forms.ValidationError(_("This is not your password."))
        return str(given)


class PasswordForm(ConfirmedForm):
    current = forms.CharField(
        label=_("Your password now"), max_length=200, strip=False, widget=forms.PasswordInput(attrs=CURRENT)
    )
    new = forms.CharField(
        label=_("The new one, at least 12 characters"),
        min_length=12,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class DeleteForm(ConfirmedForm):
    """Somebody who signs in elsewhere has no password here, and types their user name."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, request=request, **kwargs)
        if not self.user.has_usable_password():
            self.fields["current"] = forms.CharField(label=_("Your user name, to confirm"), max_length=150)

    def clean_current(self) -> str:
        if self.user.has_usable_password():
            return super().clean_current()
        if self.cleaned_data["current"] != self.user.get_username():
            raise forms.ValidationError(_("This is not your user name."))
        return str(self.cleaned_data["current"])


class CodeForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=40)


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = one_of(_("Role"), list(ROLES.items()), "")

    @classmethod
    def empty(cls) -> "InvitationForm":
        return cls(initial={"role": Role.LABELER})


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=Role.choices, coerce=Role)


class ReasonForm(forms.Form):
    reason = TextField(required=False, max_length=2000)  # whether one is needed, the service knows


class ProjectForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As people read it."))
    slug = forms.CharField(
        label=_("Short name"),
        max_length=50,
        help_text=_("As it stands in addresses: letters, digits, hyphens, underscores. It stays."),
    )
    phase = one_of(_("Phase"), PHASES, _("It can be changed until somebody begins to label."), kind=int)


class DaysForm(forms.Form):
    since = forms.DateField(label=_("From"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first one."))
