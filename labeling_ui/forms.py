from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotation.models import Project
from annotation.models.snapshots import View
from labeling_ui.preferences import Theme


class StartRoundForm(forms.Form):
    problems = forms.IntegerField(
        label=_("Problems"),
        min_value=1,
        max_value=1_000_000,
        help_text=_("Those with the fewest labels so far come first."),
    )
    per_problem = forms.IntegerField(
        label=_("Solutions of each"),
        min_value=1,
        max_value=1000,
        help_text=_("Where a problem has fewer, all of them."),
    )
    by_chance = forms.BooleanField(
        label=_("Choose by chance"),
        required=False,
        help_text=_("Trains nothing. For text that no base model on this server can read, or for comparison."),
    )

    @classmethod
    def for_project(cls, project: Project) -> "StartRoundForm":
        return cls(initial={"problems": project.problems_per_round, "per_problem": project.solutions_per_problem})


class DatasetForm(forms.Form):
    view = forms.ChoiceField(choices=View.choices, widget=forms.RadioSelect, initial=View.TRAINING)


class PreferencesForm(forms.Form):
    """Each button of the form sends one of the two."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(choices=Theme.choices, required=False)
