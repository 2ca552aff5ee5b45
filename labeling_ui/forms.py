from django import forms

from annotation.models import Project
from annotation.models.snapshots import View


class StartRoundForm(forms.Form):
    problems = forms.IntegerField(
        label="Problems", min_value=1, max_value=1_000_000, help_text="Those with the fewest labels so far come first."
    )
    per_problem = forms.IntegerField(
        label="Solutions of each", min_value=1, max_value=1000, help_text="Where a problem has fewer, all of them."
    )
    by_chance = forms.BooleanField(
        label="Choose by chance",
        required=False,
        help_text="Trains nothing. For text that no base model on this server can read, or for comparison.",
    )

    @classmethod
    def for_project(cls, project: Project) -> "StartRoundForm":
        return cls(initial={"problems": project.problems_per_round, "per_problem": project.solutions_per_problem})


class DatasetForm(forms.Form):
    view = forms.ChoiceField(choices=View.choices, widget=forms.RadioSelect, initial=View.TRAINING)
