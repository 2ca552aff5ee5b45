"""Forms of a single button: what is wrong with one is told on the page that it was on."""

from typing import Any

from django import forms

from annotation.services.refusal import Refusal


class NotUsable(Refusal):
    """What was sent cannot be used."""


def checked(form: forms.Form) -> dict[str, Any]:
    """What was sent. Raises NotUsable, with the first of the form's errors."""
    if not form.is_valid():
        raise NotUsable(str(next(iter(form.errors.values()))[0]))
    return form.cleaned_data
