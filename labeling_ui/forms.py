from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotation.models import AutomaticSource, Instructions, Label, Labeler, Project
from labeling_ui.fields import TextField
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

    automatic_source = forms.TypedChoiceField(
        label=_("Train on automatic labels, too"), required=False, coerce=int, empty_value=None
    )
    automatic_ratio = forms.FloatField(
        label=_("Of them, for each labeled solution"),
        min_value=0.01,
        max_value=100,
        required=False,
        help_text=_(
            "So many solutions; 1 if you say nothing. What people labeled is never taken from them, nor is gold."
        ),
    )

    def __init__(self, *args: Any, sources: Sequence[AutomaticSource] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sources:
            del self.fields["automatic_source"], self.fields["automatic_ratio"]
            return
        named = [(one.pk, one.name) for one in sources]
        self.fields["automatic_source"].choices = [("", _("none")), *named]  # type: ignore[attr-defined]

    @classmethod
    def for_project(
        cls, project: Project, *, by_chance: bool, sources: Sequence[AutomaticSource] = ()
    ) -> "StartRoundForm":
        usual = {"problems": project.problems_per_round, "per_problem": project.solutions_per_problem}
        return cls(initial=usual | {"by_chance": by_chance}, sources=sources)


class PreferencesForm(forms.Form):
    """Each button of the form sends one of the two."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(choices=Theme.choices, required=False)


class InstructionsForm(forms.Form):
    """The next version of the instructions, written on the ground of the one that was in force then."""

    text = TextField(
        label=_("Text"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_(
            "Empty lines part it into blocks. A block that is one line and begins with # is a heading; one whose lines "
            "all begin with - is a list; formulas stand between dollar signs. No text at all: the built-in page."
        ),
    )
    changes = TextField(
        label=_("What has changed"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For those who know the version before; shown above the text."),
    )
    must_acknowledge = forms.BooleanField(
        label=_("Labelers must have read it"),
        required=False,
        help_text=_("They get no new solution before they say that they know what has changed."),
    )
    based_on = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, newest: Instructions | None, **kwargs: Any) -> None:
        self.newest = newest or Instructions(version=0)
        kept = {"text": self.newest.text, "based_on": self.newest.version}
        super().__init__(*args, **{"initial": kept} | kwargs)

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("text") == self.newest.text and given["must_acknowledge"] <= self.newest.must_acknowledge:
            self.add_error("text", _("This is what is in force already."))

    def begin_again(self, why: str) -> None:
        """What is sent next is written in sight of the newest version."""
        self.data = dict(self.data.items()) | {"based_on": self.newest.version}
        self.add_error(None, why)


class MessageForm(forms.Form):
    """A message to all labelers or to one of them; perhaps about a label of theirs."""

    to = forms.ChoiceField(label=_("To"))
    label = forms.UUIDField(required=False)
    text = TextField(
        label=_("Message"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("It waits where they label, and they can answer. Formulas stand between dollar signs."),
    )

    def __init__(self, *args: Any, labelers: Sequence[Labeler], about: Label | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.labelers = {str(labeler.pseudonym): labeler for labeler in labelers}
        self.about = about
        people = [(key, f"{one.user} · {key[:8]}") for key, one in self.labelers.items()]
        # Nobody is chosen to begin with: a word meant for one is not to reach all by a slip.
        to: Any = self.fields["to"]
        to.choices = [("", _("Choose …")), ("all", _("All labelers")), *people]

    def clean(self) -> None:
        to, label = self.cleaned_data.get("to"), self.cleaned_data.get("label")
        if not label:
            self.about = None
        elif self.about is None or (to and to != str(self.about.labeler.pseudonym)):
            self.add_error("to", _("The label below is not theirs. Write to its labeler, or leave the label out."))

    @property
    def recipient(self) -> Labeler | None:
        return self.labelers.get(self.cleaned_data["to"])
