"""The kinds of fields that forms of settings are made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Group:
    """Settings under one heading; with `why_apart` they do nothing here as things are, and are folded."""

    heading: Any
    fields: list[BoundField]
    why_apart: Any = ""

    @property
    def is_apart(self) -> bool:
        return bool(self.why_apart)

    @property
    def has_errors(self) -> bool:
        return any(field.errors for field in self.fields)


class TextField(forms.CharField):
    """What somebody writes into an area, its lines ended as everything else ends them: browsers send two characters for
    each, which would count twice and differ from what is stored."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


def number(label: Any, least: int, most: int, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=help_text)


def fraction(label: Any, least: int, most: int, help_text: Any) -> forms.FloatField:
    return forms.FloatField(label=label, min_value=least, max_value=most, step_size=0.001, help_text=help_text)


def one_of(
    label: Any, choices: Sequence[tuple[Any, Any]], help_text: Any, *, kind: Callable[[Any], Any] = str
) -> forms.ChoiceField:
    # Names of choices begin small, as parts of a sentence; here each stands for itself.
    shown = [(value, capfirst(_(name))) for value, name in choices]
    return forms.TypedChoiceField(
        label=label, choices=shown, coerce=kind, widget=forms.RadioSelect, help_text=help_text
    )


def yes_or_no(label: Any, help_text: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=help_text)
