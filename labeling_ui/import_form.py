from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from annotation.models.imports import ImportKind
from annotation.models.problems import Split
from annotation.services.import_batches import Choices
from annotation.services.import_checks import KINDS as DOUBTS

KINDS = [
    ("", _("What its first lines look like")),
    (ImportKind.PROBLEMS, _("Problems")),
    (ImportKind.SOLUTIONS, _("Solutions")),
    (ImportKind.LABELS, _("Labels (PRM800K lines)")),
]
SPLITS = [
    ("", _("As its name says: held out if it is called like phase1_test.jsonl, else training")),
    (Split.TRAIN, _("Training")),
    (Split.TEST, _("Held out: never labeled, never trained on")),
]


class ImportForm(forms.Form):
    """A file to be checked, and what its lines do not say themselves."""

    file = forms.FileField(label=_("File"), allow_empty_file=True)
    kind = forms.ChoiceField(label=_("What is in it"), choices=KINDS, required=False)
    split = forms.ChoiceField(
        label=_("New problems are for"),
        choices=SPLITS,
        required=False,
        help_text=_("A line that names its split (train, test) keeps it."),
    )
    make_problems = forms.BooleanField(
        label=_("Make problems that are not here yet"),
        required=False,
        initial=True,
        help_text=_("Otherwise solutions of unknown problems are refused."),
    )
    generator = forms.CharField(
        label=_("Who wrote the solutions"),
        required=False,
        max_length=200,
        help_text=_("The name of a model, for lines that do not say it."),
    )

    def __init__(self, *args: Any, is_too_big: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_too_big:
            self.fields["file"].error_messages["required"] = _now(
                "A file may have 2 GB. Pack it by gzip, or cut it into several."
            )

    @property
    def choices(self) -> Choices:
        given = self.cleaned_data
        kind = ImportKind(given["kind"]) if given["kind"] else None
        return Choices(kind, given["split"] or None, given["make_problems"], given["generator"] or "import")


class LeaveOutForm(forms.Form):
    """Beside an import that is confirmed: lines with which doubts are not wanted."""

    leave_out = forms.MultipleChoiceField(choices=[(kind, kind) for kind in DOUBTS], required=False)
