"""The forms of quality control."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotation.models import Gold, Solution
from annotation.models.quality import GoldKind
from annotation.services.gold import MOST_WORDS
from annotation.services.gold_import import MOST_BYTES, GoldFileTooBig
from labeling_ui.fields import TextField

KINDS = [(kind.value, capfirst(_(kind.label))) for kind in GoldKind]


class GoldForm(forms.Form):
    """Where a first error is accepted is ticked beside the steps themselves: boxes named `step`, from 0."""

    kind = forms.ChoiceField(label=_("What it is for"), choices=KINDS, widget=forms.RadioSelect, initial="hidden")
    explanation = TextField(
        label=_("Explanation"),
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("For labelers, where it may be told: after practice, and in a lesson. Formulas between dollars."),
    )

    def __init__(self, solution: Solution, gold: Gold | None, data: Any = None) -> None:
        known = {"kind": gold.kind, "explanation": gold.explanation} if gold else {}
        super().__init__(data, initial=known)
        places = [(place, place) for place in range(len(solution.steps))]
        self.fields["step"] = forms.TypedMultipleChoiceField(choices=places, required=False, coerce=int)
        ticked = {str(step) for step in gold.error_steps} if gold else set()
        ticked = ticked if data is None else set(data.getlist("step"))
        self.steps = [(place, text, str(place) in ticked) for place, text in enumerate(solution.steps)]

    @property
    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {"kind": GoldKind(given["kind"]), "error_steps": given["step"], "explanation": given["explanation"]}


class GoldFileForm(forms.Form):
    file = forms.FileField(label=_("File"), max_length=200)
    kind = forms.ChoiceField(label=_("For lines that name no kind"), choices=KINDS, initial="hidden")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(gettext(str(GoldFileTooBig())))
        return file


class ExclusionForm(forms.Form):
    since = forms.DateField(
        label=_("Labels from this day on (UTC)"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages=dict.fromkeys(("required", "invalid"), _("This is no day. Choose one that has come.")),
    )
    reason = TextField(label=_("Why"), max_length=2000, required=False)

    @classmethod
    def today(cls) -> "ExclusionForm":
        return cls(initial={"since": timezone.now().date()})
