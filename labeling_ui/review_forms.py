"""Forms of those who decide: a reviewer's own judgement of a solution, gold made of it, a problem's right answer."""

import time
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from annotation.models import Solution
from annotation.models.labels import FinishReason
from annotation.services.judgements import Judgement, Rating
from labeling_ui.fields import TextField

SALT = "since when a solution has been looked at"
A_DAY = 24 * 60 * 60
RATINGS = [("1", _("Great")), ("0", _("Okay")), ("-1", _("Bad"))]


class JudgementForm(forms.Form):
    """A rating for each step to the first bad one; what stands after it does not count."""

    is_bad_problem = forms.BooleanField(required=False)
    reason = TextField(required=False, max_length=2000)
    since = forms.CharField(required=False)

    refused = ""  # why a service would not do it

    def __init__(self, solution: Solution, data: Any = None, *, known: dict[str, Any] | None = None) -> None:
        """`known`: a judgement as it is kept, to begin with."""
        self.solution = solution
        super().__init__(data, initial=_initial(known))
        for place in range(len(solution.steps)):
            self.fields[f"step-{place}"] = forms.ChoiceField(choices=RATINGS, required=False)

    @property
    def steps(self) -> list[tuple[int, str, str]]:
        """Of each step its place, its text, and what is chosen for it."""
        return [(place, text, self[f"step-{place}"].value() or "") for place, text in enumerate(self.solution.steps)]

    @property
    def clock(self) -> str:
        """When the page was shown, in a form that nobody can change: the time of the judgement counts from it."""
        return self["since"].value() or signing.dumps(int(time.time()), salt=SALT)

    @property
    def total_time_ms(self) -> int:
        try:
            begun = signing.loads(self.cleaned_data["since"], salt=SALT, max_age=A_DAY)
        except signing.BadSignature:
            return 0
        return max(0, int(1000 * (time.time() - begun)))

    def judgement(self) -> Judgement:
        ratings = self._ratings()
        ended = FinishReason.FOUND_ERROR if ratings and ratings[-1].rating == -1 else FinishReason.SOLUTION
        is_bad = self.cleaned_data["is_bad_problem"]
        return Judgement(
            finish_reason=FinishReason.BAD_PROBLEM if is_bad else ended,
            ratings=ratings,
            total_time_ms=self.total_time_ms,
            reason=self.cleaned_data["reason"] if is_bad else "",
        )

    def _ratings(self) -> list[Rating]:
        ratings = list[Rating]()
        for place in range(len(self.solution.steps)):
            given = self.cleaned_data[f"step-{place}"]
            if given == "":
                break
            ratings.append(Rating(place, int(given)))
            if given == "-1":
                break
        return ratings


def _initial(known: dict[str, Any] | None) -> dict[str, Any]:
    if known is None:
        return {}
    rated = {f"step-{one['step']}": str(one["rating"]) for one in known["ratings"]}
    is_bad = known["finish_reason"] == FinishReason.BAD_PROBLEM
    return rated | {"is_bad_problem": is_bad, "reason": known["reason"]}


class PromoteForm(forms.Form):
    """Where a first error is accepted of a solution that becomes gold, and what labelers may be told of it."""

    error_steps = forms.MultipleChoiceField(required=False)
    explanation = TextField(required=False, max_length=5000)

    def __init__(self, solution: Solution, data: Any = None) -> None:
        super().__init__(data)
        places = [(str(place), str(place + 1)) for place in range(len(solution.steps))]
        self.fields["error_steps"] = forms.MultipleChoiceField(choices=places, required=False)

    @property
    def marked(self) -> set[int]:
        """As it was sent, whether it can be used or not."""
        return {int(place) for place in self["error_steps"].value() or () if place.isdecimal()}

    @property
    def steps(self) -> list[int]:
        return [int(place) for place in self.cleaned_data["error_steps"]]


class AnswerForm(forms.Form):
    """The right answer, in place of the one that was shown."""

    old = TextField(required=False, strip=False)
    was_unknown = forms.BooleanField(required=False)
    new = TextField(label=_("Right answer"), required=False, max_length=1000)
    reason = TextField(label=_("Why"), required=False, max_length=2000)

    @property
    def seen(self) -> str | None:
        return None if self.cleaned_data["was_unknown"] else self.cleaned_data["old"]


class WordsForm(forms.Form):
    text = TextField(required=False, max_length=20_000)
