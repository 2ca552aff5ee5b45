"""What a lead may ask for: which labels, in which format, with neutral steps as what."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import ModelVersion
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services.export_orders import BINARY

WHAT = {
    Format.PRM800K: gettext_lazy("All that was said, in the format of the published dataset."),
    Format.PARQUET: gettext_lazy("The same fields in columns, for the Hugging Face Hub and for tables."),
    Format.TRL: gettext_lazy("For TRL's trainer of process reward models. Steps are good or bad."),
    Format.MATH_SHEPHERD: gettext_lazy("One text a row, with a sign after each step. Steps are good or bad."),
    Format.PROCESSBENCH: gettext_lazy("To evaluate with: the place of the first wrong step. Steps are good or bad."),
    Format.SCORED_SAMPLES: gettext_lazy(
        "Not labels: what a model thinks of each step of the solutions that it scored."
    ),
}
NEUTRAL = [
    (NeutralAs.KEEP, gettext_lazy("stay neutral (PRM800K, Parquet)")),
    (NeutralAs.POSITIVE, gettext_lazy("count as good, as in the paper")),
    (NeutralAs.NEGATIVE, gettext_lazy("count as bad")),
]


class DatasetForm(forms.Form):
    view = forms.ChoiceField(choices=View.choices, widget=forms.RadioSelect, initial=View.TRAINING)
    format = forms.ChoiceField(choices=Format.choices, widget=forms.RadioSelect, initial=Format.PRM800K, required=False)
    neutral = forms.ChoiceField(
        label=gettext_lazy("Neutral steps"), choices=NEUTRAL, initial=NeutralAs.KEEP, required=False
    )
    version = forms.TypedChoiceField(label=gettext_lazy("Scores of"), coerce=int, empty_value=None, required=False)
    gzip = forms.BooleanField(label=gettext_lazy("Pack each file (gzip)"), required=False)
    automatic = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, versions: list[ModelVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(one.pk, _("Selector %(number)s") % {"number": one.pk}) for one in versions]
        self.fields["version"].choices = [("", _("the selector in use")), *named]  # type: ignore[attr-defined]

    @property
    def formats(self) -> list[tuple[str, str, str]]:
        """Value, name and what it is for."""
        return [(value.value, value.label, str(words)) for value, words in WHAT.items()]

    def clean_format(self) -> Format:
        return Format(self.cleaned_data["format"] or Format.PRM800K)

    def clean_neutral(self) -> NeutralAs:
        """Where the format keeps all three ratings, the answer to the question of the others is none."""
        asked = NeutralAs(self.cleaned_data["neutral"] or NeutralAs.KEEP)
        return asked if self.cleaned_data.get("format") in BINARY else NeutralAs.KEEP

    @property
    def wanted(self) -> dict[str, Any]:
        """The arguments of snapshots.request_snapshot."""
        given = self.cleaned_data
        kept = {name: given[name] for name in ("format", "neutral", "gzip")}
        return kept | {"view": View(given["view"]), "version": given["version"], "automatic": given["automatic"]}


class PublicationForm(forms.Form):
    repo = forms.CharField(label=gettext_lazy("Repository"), max_length=200)
