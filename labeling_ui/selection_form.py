"""The form of what rounds choose and train, in the groups and the order in which ML staff read them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotation.models import Project
from annotation.models.projects import Neutral, Scope, Strategy, TrainingMode
from labeling_ui.fields import Group, fraction, number, one_of, yes_or_no

GROUPS = [
    (
        _("What is chosen"),
        ["strategy", "scope", "wrong_share", "random_share", "injected_share", "most_per_answer", "one_of_alike"],
    ),
    (_("How much"), ["problems_per_round", "solutions_per_problem", "most_of_problem_per_labeler"]),
    (_("Between two rounds"), ["low_water", "high_water"]),
    (_("Training"), ["base_model", "training_mode", "neutral", "min_labels_to_train"]),
    (_("When a new selector is held back"), ["auc_tolerance", "least_agreement"]),
]
MOST = 1_000_000
NEUTRAL = [
    (Neutral.POSITIVE.value, _("as a good step, as in the paper")),
    (Neutral.NEGATIVE.value, _("as a bad step")),
]


class SelectionForm(forms.Form):
    strategy = one_of(_("Look for"), Strategy.choices, _("Among the solutions that nobody has labeled."))
    scope = one_of(_("Spread"), Scope.choices, _("The best of all together may leave problems out, and crowd others."))
    wrong_share = fraction(
        _("Wrong answers"),
        0,
        1,
        _("Part of what is chosen as most convincing; 0.8 in the paper. Other strategies ignore it."),
    )
    random_share = fraction(
        _("Left to chance"), 0, 1, _("Part of all that is chosen; figures without bias are measured on it.")
    )
    injected_share = fraction(
        _("Correct answers mixed in"),
        0,
        1,
        _("Part of all that is chosen, so that labelers do not learn to expect errors."),
    )
    most_per_answer = number(
        _("Solutions of one problem with the same answer, at most"), 0, 1000, _("0 sets no limit.")
    )
    one_of_alike = yes_or_no(
        _("Choose only one of solutions that are alike up to the predicted error"),
        _("A second one would teach the same again."),
    )
    problems_per_round = number(_("Problems in a round"), 1, MOST, _("Those with the fewest labels so far come first."))
    solutions_per_problem = number(_("Solutions of each"), 1, 1000, _("Where a problem has fewer, all of them."))
    most_of_problem_per_labeler = number(
        _("Solutions of one problem for the same labeler"),
        0,
        1000,
        _("At most so many, whatever is queued; 0 sets no limit. Nobody gets the same solution twice in any case."),
    )
    low_water = number(
        _("Fill up when fewer wait than"),
        0,
        MOST - 1,  # high_water is more
        _("Solutions in the queue. Nothing is trained for it: the last round goes on. 0 never fills up."),
    )
    high_water = number(_("Fill up to"), 0, MOST, _("Solutions in the queue."))
    base_model = forms.CharField(
        label=_("Base model"),
        required=False,
        max_length=500,
        help_text=_(
            "The folder of a language model on the server, or toy; empty for the server's own. What you write is "
            "checked when a round trains, not here."
        ),
    )
    training_mode = one_of(
        _("Train"), TrainingMode.choices, _("More of it learns more, from more labels, on a larger machine.")
    )
    neutral = one_of(_("A step that is Okay counts"), NEUTRAL, _("In the score of a solution."))
    min_labels_to_train = number(
        _("Labels before the first training"), 1, MOST, _("With fewer the choice is left to chance.")
    )
    auc_tolerance = fraction(
        _("Step AUC may fall by"), 0, 1, _("By more, and the one in use goes on, unless few labels can explain it.")
    )
    least_agreement = fraction(
        _("Rank correlation with the one in use, at least"),
        -1,
        1,
        _("On solutions that nobody has labeled; less, and it has to be shown to be better. -1 asks for nothing."),
    )

    @classmethod
    def for_project(cls, project: Project, data: Any = None) -> "SelectionForm":
        return cls(data, initial={name: getattr(project, name) for name in cls.base_fields})

    def clean(self) -> None:
        given = self.cleaned_data
        if 0 < given.get("low_water", 0) >= given.get("high_water", MOST + 1):
            self.add_error("high_water", _("Fill up to more than the number below which you fill up."))
        if given.get("random_share", 0) + given.get("injected_share", 0) > 1:
            self.add_error(
                "injected_share", _("Together with what is left to chance this is more than all that is chosen.")
            )

    def groups(self) -> list[Group]:
        return [Group(heading, [self[name] for name in names]) for heading, names in GROUPS]
