"""What leads and ML staff ask generators and models for: automatic labels, and solutions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import ImportBatch, ModelVersion, Project
from annotation.models.automatic import AutomaticKind, Which
from annotation.services.consensus import MOST
from annotation.services.generators import TOY
from annotation.services.sampling import Wanted

KINDS = [
    (AutomaticKind.ROLLOUTS, gettext_lazy("Rollouts: a completer goes on from each step")),
    (AutomaticKind.MODEL, gettext_lazy("A model of this project rates the steps")),
]
WHICH = [
    (Which.ALL, gettext_lazy("all")),
    (Which.LABELED, gettext_lazy("those that people have labeled")),
    (Which.UNLABELED, gettext_lazy("those that nobody has labeled")),
]
LARGEST = 2**31 - 1
OF_ROLLOUTS = (
    "generator", "server", "rollouts", "temperature", "max_new_tokens", "from_start", "search", "budget",
)  # fmt: skip
OF_MODEL = ("version", "threshold")


class GeneratorForm(forms.Form):
    """Which generator, and how it samples."""

    generator = forms.ChoiceField(label=gettext_lazy("Generator"), required=False)
    server = forms.CharField(
        label=gettext_lazy("Or a server"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Its address, and after # the name of the model: https://host/v1#model"),
    )
    temperature = forms.FloatField(label=gettext_lazy("Temperature"), min_value=0.01, max_value=10, initial=1.0)
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=LARGEST,
        initial=0,
        help_text=gettext_lazy("The same one gives the same texts."),
    )
    budget = forms.IntegerField(
        label=gettext_lazy("Budget in tokens"),
        min_value=1,
        max_value=10**12,
        initial=1_000_000,
        help_text=gettext_lazy("It stops before this is exceeded, and what is done by then is kept."),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict.fromkeys(filter(None, [project.generator, TOY]))
        told = {project.generator: _("the one of the settings: %(name)s"), TOY: _("toy, for the sample project")}
        self.fields["generator"].choices = [(one, told[one] % {"name": one}) for one in names]  # type: ignore[attr-defined]
        if not settings.GENERATOR_ORIGINS:
            del self.fields["server"]

    @property
    def chosen_generator(self) -> str:
        given: str = self.cleaned_data.get("server") or self.cleaned_data.get("generator") or TOY
        return given


class AutomaticForm(GeneratorForm):
    field_order = (
        "kind", "name", "which", "batch", "most", "seed", *OF_ROLLOUTS, *OF_MODEL,
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("How"), choices=KINDS, initial=AutomaticKind.ROLLOUTS, widget=forms.RadioSelect
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("As it is called here and in each line of a dataset."),
    )
    which = forms.ChoiceField(label=gettext_lazy("Solutions"), choices=WHICH, initial=Which.ALL)
    batch = forms.TypedChoiceField(label=gettext_lazy("That came with"), required=False, coerce=int, empty_value=None)
    most = forms.IntegerField(
        label=gettext_lazy("At most"),
        min_value=1,
        max_value=LARGEST,
        required=False,
        help_text=gettext_lazy("So many of them, by chance. Empty: all of them."),
    )
    rollouts = forms.IntegerField(label=gettext_lazy("Rollouts of each step"), min_value=1, max_value=1024, initial=8)
    max_new_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens of a rollout, at most"), min_value=1, max_value=100_000, initial=512
    )
    from_start = forms.BooleanField(
        label=gettext_lazy("From the bare problem too"),
        required=False,
        help_text=gettext_lazy("Then it is known how much each step adds (advantages)."),
    )
    search = forms.BooleanField(
        label=gettext_lazy("Only look for the first bad step"),
        required=False,
        help_text=gettext_lazy("By halving: fewer rollouts, and other steps stay open."),
    )
    version = forms.TypedChoiceField(label=gettext_lazy("Model"), required=False, coerce=int, empty_value=None)
    threshold = forms.FloatField(
        label=gettext_lazy("Threshold"),
        min_value=0,
        max_value=1,
        initial=0.2,
        help_text=gettext_lazy("A step is wrong where the probability that it is bad is above this."),
    )

    def __init__(
        self,
        *args: Any,
        project: Project,
        versions: Sequence[ModelVersion],
        batches: Sequence[ImportBatch],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, project=project, **kwargs)
        models = [(one.pk, _("Model %(number)s") % {"number": one.pk}) for one in versions]
        files = [(one.pk, f"{one.name} ({one.pk})") for one in batches]
        self.fields["version"].choices = [("", _("Choose …")), *models]  # type: ignore[attr-defined]
        self.fields["batch"].choices = [("", _("any import or run")), *files]  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[list[Any]]:
        """The fields of each column: what is labeled, by rollouts, by a model."""
        what = [field for field in self if field.name not in OF_ROLLOUTS + OF_MODEL]
        return [what, *([field for field in self if field.name in names] for names in (OF_ROLLOUTS, OF_MODEL))]

    def clean(self) -> None:
        """What belongs to the kind that is not chosen need not be right."""
        is_model = self.cleaned_data.get("kind") == AutomaticKind.MODEL
        for name in OF_ROLLOUTS if is_model else OF_MODEL:
            self.errors.pop(name, None)
        if is_model and self.cleaned_data.get("version") is None and "version" not in self.errors:
            self.add_error("version", _("Choose the model."))

    @property
    def given(self) -> dict[str, Any]:
        """As services/automatic.py reads it."""
        given = self.cleaned_data
        return given | {"generator": self.chosen_generator, "choice_seed": given["seed"]}


class SendForm(forms.Form):
    most = forms.IntegerField(
        label=gettext_lazy("At most"),
        min_value=1,
        max_value=LARGEST,
        required=False,
        initial=MOST,
        help_text=gettext_lazy("The newest ones first."),
    )


class SamplingForm(GeneratorForm):
    field_order = (
        "generator", "server", "problems", "per_problem", "temperature", "max_new_tokens", "seed", "budget",
    )  # fmt: skip
    problems = forms.IntegerField(
        label=gettext_lazy("Problems"),
        min_value=1,
        max_value=LARGEST,
        initial=50,
        help_text=gettext_lazy("Those with the fewest solutions first."),
    )
    per_problem = forms.IntegerField(label=gettext_lazy("Solutions of each"), min_value=1, max_value=10_000, initial=8)
    max_new_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens of a solution, at most"), min_value=1, max_value=100_000, initial=1024
    )

    @property
    def wanted(self) -> Wanted:
        names = ("problems", "per_problem", "temperature", "seed", "max_new_tokens", "budget")
        return Wanted(self.chosen_generator, **{name: self.cleaned_data[name] for name in names})
