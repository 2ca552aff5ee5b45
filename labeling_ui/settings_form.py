"""The form of a project's labeling policies, in the groups and the order in which leads read them."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from annotation.models import Project
from annotation.models.projects import AnswerPolicy, HumanStepWhen, ReadAhead
from labeling_ui.fields import Group, fraction, number, one_of, yes_or_no

PHASES = [
    (1, _("phase 1: labelers and a program find a solution together, step by step")),
    (2, _("phase 2: labelers judge a whole solution up to its first error")),
]
NOBODY_WRITES = _(
    "Nothing writes steps here yet: labelers are offered only what imported solutions have at the same place, which may "
    "be nothing."
)
POINTS = [(0, _("not asked")), (3, _("on three points")), (5, _("on five points"))]
ONLY_IN_PHASE_1 = {"options_per_step", "human_step_when", "stall_after"}
GROUPS = [
    (_("The task"), ["phase", "neutral_end", "progress_points", "critiques"]),
    (_("What labelers see"), ["answer_policy", "read_ahead"]),
    (_("Steps to choose from"), ["alternatives", "generator"]),
    (_("Only in phase 1"), ["options_per_step", "human_step_when", "stall_after"]),
    (_("Time"), ["lease_minutes", "reopen_hours", "break_minutes"]),
    (_("Bad problems"), ["bad_problem_reports"]),
    (_("More than one label"), ["overlap_share", "most_labels"]),
    (_("Screening"), ["screening_items", "screening_pass"]),
    (_("Quality control"), ["quality_items_per_round", "quality_pass", "quality_least"]),
    (_("Cost"), ["hourly_cost", "currency"]),
]


class SettingsForm(forms.Form):
    phase = one_of(_("Phase"), PHASES, _("It can be chosen until somebody begins to label."), kind=int)
    neutral_end = yes_or_no(
        _("A last step that is Okay ends a solution"),
        _("Otherwise the last step of a solution without an error has to be Great."),
    )
    progress_points = one_of(_("How far the solution had come"), POINTS, _("Asked after an error is found."), kind=int)
    critiques = yes_or_no(
        _("Explanations of the error"),
        _("After an error is found, labelers rate explanations of it that a program wrote, or write one."),
    )
    answer_policy = one_of(
        _("The expected answer"), AnswerPolicy.choices, _("The final answer that the problem is thought to have.")
    )
    read_ahead = one_of(
        _("Steps that come later"), ReadAhead.choices, _("Whatever you choose, nobody can rate a step before its turn.")
    )
    alternatives = number(
        _("Alternatives at the first error"),
        0,
        20,
        _("Phase 2: so many other next steps are rated beside the bad one; 0 asks for none."),
    )
    options_per_step = number(
        _("Options at every step"), 1, 20, _("Phase 1: so many next steps are offered to rate and to go on with.")
    )
    human_step_when = one_of(
        _("Labelers write the next step when"),
        HumanStepWhen.choices,
        _("Phase 1: the solution then goes on with what the labeler wrote."),
    )
    stall_after = number(
        _("Okay steps in a row before labelers may write one"),
        0,
        100,
        _("Phase 1: a way out of a solution that goes in circles; 0 offers none."),
    )
    generator = forms.CharField(
        label=_("Program that writes steps"),
        required=False,
        max_length=500,
        help_text=_(
            "Where the imported solutions have too few: the folder of a language model on the server, or toy, which "
            "reads only the chain arithmetic of the sample project; empty for none. What you write is checked when "
            "steps are asked for, not here."
        ),
    )
    lease_minutes = number(
        _("Minutes that a solution is kept for somebody"),
        1,
        1440,
        _("They begin anew while the page is open; then the solution goes to somebody else."),
    )
    reopen_hours = number(
        _("Hours in which a label can be corrected"), 0, 8760, _("Only by its labeler; 0 allows no correction.")
    )
    break_minutes = number(
        _("Minutes of work between two reminders to rest"), 0, 480, _("Idle time does not count; 0 reminds of nothing.")
    )
    bad_problem_reports = number(
        _("Reports after which a problem leaves the queue"),
        1,
        100,
        _("So many labelers have to call it bad. A lower number takes effect with the next report."),
    )

    overlap_share = fraction(
        _("Share of solutions that two labelers get"),
        0,
        1,
        _("By chance, of what each round or refill puts into the queue; 0.1 tells how far labelers agree."),
    )
    most_labels = number(
        _("Labels of a solution on which labelers disagree"),
        2,
        20,
        _("At most: where two labels name different first errors, one more is asked for, until there are so many."),
    )
    screening_items = number(
        _("Solutions of a screening"),
        0,
        500,
        _("So many known ones come before anything else, if there is gold for it; 0 screens nobody."),
    )
    screening_pass = fraction(
        _("Share of them to agree with"), 0, 1, _("Whoever agrees with fewer is not admitted; the paper took 0.75.")
    )
    quality_items_per_round = number(
        _("Known solutions in each round"),
        0,
        500,
        _("Each labeler gets each of them once, among the others; the paper took 10 to 20. 0 mixes in none."),
    )
    quality_pass = fraction(
        _("Share of those to agree with"),
        0,
        1,
        _("Who surely agrees with fewer is paused: where the whole 95-percent interval of the last 30 lies below."),
    )
    quality_least = number(_("Known solutions before anybody is paused"), 1, 100, _("One miss tells nothing."))

    hourly_cost = forms.FloatField(
        label=_("Cost of an hour"),
        required=False,
        min_value=0,
        max_value=1_000_000,
        help_text=_("Of a labeler's active time, for the forecast; empty: it is not told in money."),
    )
    currency = forms.RegexField(
        "^[A-Za-z]{3}$",
        label=_("Currency"),
        required=False,
        widget=forms.TextInput(attrs={"class": "short", "maxlength": 3}),
        help_text=_("Three letters: EUR, USD, CNY."),
        error_messages={"invalid": _("A currency is written with three letters, such as EUR.")},
    )

    @classmethod
    def for_project(cls, project: Project, data: Any = None) -> "SettingsForm":
        form = cls(data, initial={name: getattr(project, name) for name in cls.base_fields})
        form.fields["phase"].required = False  # a page that shows it as fixed sends none
        if not project.generator:
            for name in ("alternatives", "options_per_step"):
                form.fields[name].help_text = format_lazy("{} {}", form.fields[name].help_text, NOBODY_WRITES)
        return form

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean_phase(self) -> int:
        return int(self.cleaned_data["phase"] or self.initial["phase"])

    def groups(self) -> list[Group]:
        return [Group(heading, [self[name] for name in names], self._why_apart(names)) for heading, names in GROUPS]

    def _why_apart(self, names: list[str]) -> Any:
        is_of_no_use = self.initial["phase"] == 2 and ONLY_IN_PHASE_1.issuperset(names)
        return _("This project labels in phase 2: they change nothing here.") if is_of_no_use else ""
