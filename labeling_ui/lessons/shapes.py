"""What the worked examples and the practice run are made of. Every text may be translated; `$…$` is mathematics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

BAD, OKAY, GREAT = -1, 0, 1
Text = str | Promise


class Theme(Enum):
    """What a step teaches; the summary of a practice run gathers what was missed by it. (name, advice)"""

    MISTAKES = (
        _("Mistakes in the mathematics"),
        _("Do each computation again yourself before you rate it, and ask why a rule may be used here."),
    )
    UNCHECKABLE = (
        _("Computations that nobody can check"),
        _("If you cannot confirm a step within 30 seconds, it is Bad, even where it is true in the end."),
    )
    INCOMPLETE = (
        _("Incomplete final answers"),
        _("Read the question once more before you rate a final answer: every case, every value, what was asked."),
    )
    STALLING = (
        _("True, but no step forward"),
        _("A remark, a restatement, one more of the same: Okay. Great is for what brings the solution nearer."),
    )
    CIRCLES = (
        _("Circles and plain repetition"),
        _("A step that leads back to where the solution was, or plainly says again what was said, is Bad."),
    )
    HELPFUL = (
        _("Steps that help"),
        _("A sensible attempt is Great, also if it is small, and also if you would have gone another way."),
    )
    CONTEXT = (
        _("Beside the point, or resting on what nobody sees"),
        _("A step has to fit what came before, and stand without pictures, links or programs that are not there."),
    )
    SUBSTANCE = (
        _("Substance, not nitpicks"),
        _("A slip that misleads nobody is no error. Ask whether somebody who relies on the step would go wrong."),
    )
    GUESS = (
        _("The guess is only a guess"),
        _("Judge the steps, not whether the end agrees with the guess: it may be wrong, and you may be right."),
    )

    def __init__(self, title: Text, advice: Text) -> None:
        self.title, self.advice = title, advice


@dataclass(frozen=True)
class Step:
    """One step or option. `right` holds the ratings that are fine, ours first; `told` what is said first to somebody
    who gave another one. Then comes `why`."""

    text: Text
    right: tuple[int, ...]
    why: Text
    theme: Theme | None = None
    told: Mapping[int, Text] = field(default_factory=dict)
    flagged: bool = False

    @property
    def rating(self) -> int:
        return self.right[0]

    def explanation(self, rating: int) -> str:
        told = self.told.get(rating, "")
        # Not every language puts a space between two sentences.
        return gettext("%(told)s %(why)s") % {"told": told, "why": self.why} if told else str(self.why)


@dataclass(frozen=True)
class Lesson:
    """A problem with steps to judge: those of one solution up to its first error, or options beside each other.

    `before` are steps that stand already, `after` those behind the first error; neither is judged.
    """

    name: str  # stays, for a browser remembers by it how far somebody came
    title: Text
    problem: Text
    steps: tuple[Step, ...]
    guess: Text = ""
    before: tuple[Text, ...] = ()
    after: tuple[Text, ...] = ()
    closing: Text = ""
    are_options: bool = False


def great(text: Text, why: Text, theme: Theme = Theme.HELPFUL, *, bad: Text = "", okay: Text = "") -> Step:
    return Step(text, (GREAT,), why, theme, {BAD: bad, OKAY: okay})


def okay(text: Text, why: Text, theme: Theme = Theme.STALLING, *, bad: Text = "", great: Text = "") -> Step:
    return Step(text, (OKAY,), why, theme, {BAD: bad, GREAT: great})


def bad(text: Text, why: Text, theme: Theme = Theme.MISTAKES, *, okay: Text = "", great: Text = "") -> Step:
    return Step(text, (BAD,), why, theme, {OKAY: okay, GREAT: great})


def either(text: Text, why: Text, theme: Theme, right: tuple[int, ...], **told: Text) -> Step:
    """A grey area: more than one rating is fine, the first of them is ours."""
    ratings = {"bad": BAD, "okay": OKAY, "great": GREAT}
    return Step(text, right, why, theme, {ratings[word]: said for word, said in told.items()})
