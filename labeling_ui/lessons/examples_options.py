"""The worked examples of the instructions, for options at every step (phase 1). Ours from the first word."""

from django.utils.translation import gettext_lazy as _

from labeling_ui.lessons.shapes import GREAT, Lesson, Step, bad, great, okay

SEVERAL = Lesson(
    name="several-options",
    title=_("Several options, each for itself"),
    problem=_("What is the sum of the first $20$ odd numbers?"),
    guess="400",
    steps=(
        great(_(r"These are $1, 3, 5, \dots, 39$."), _("True, and now one knows what to add.")),
        great(
            _("The sum of the first $n$ odd numbers is $n^2$."),
            _("An insight, and one that a search confirms at once. Two options may be Great."),
        ),
        okay(
            _("An odd number leaves the remainder $1$ when it is divided by $2$."), _("True, but it adds nothing up.")
        ),
        bad(
            _(r"The last one is $41$, so the sum is $20\cdot\frac{1+41}{2}=420$."),
            _("A sensible method with a wrong number: the last one is $39$."),
        ),
    ),
    are_options=True,
)

DOUBT = Lesson(
    name="doubt",
    title=_("When you cannot tell what is meant"),
    problem=_(r"How much is $15$ divided by $4$?"),
    guess="3.75",
    steps=(
        great(_(r"$15=3\cdot 4+3$."), _("True, and most of the way.")),
        Step(
            _("So it is $3,75$."),
            (GREAT,),
            _(
                "With a decimal comma it is right; as two numbers it would be nonsense. Rate what you think it means, and "
                "mark it “?”: a person looks at it."
            ),
            flagged=True,
        ),
        bad(_("So it is $3$."), _(r"$3\cdot 4$ is only $12$.")),
    ),
    are_options=True,
)

OWN_STEP = Lesson(
    name="own-step",
    title=_("No option will do: write the step yourself"),
    problem=_(
        "Ana and Ben are $30$ years old together. In five years Ana will be three times as old as Ben. How old is Ana?"
    ),
    guess="25",
    steps=(
        bad(
            _("In five years they are $35$ years old together."),
            _("Each of them gets five years older, so it is $40$."),
        ),
        bad(
            _("In five years Ana is three times as old, so $a+5=3b$."),
            _("Ben gets older too: $a+5=3(b+5)$."),
        ),
        bad(
            _("Ages can only be guessed."), _("Both conditions are given, so nothing has to be guessed; it leads away.")
        ),
    ),
    are_options=True,
)

# (the step, whether it is a good one, why)
OWN_STEPS = (
    (_("In five years they are $30+5+5=40$ years old together."), True, _("One simple step, and easy to check.")),
    (
        _("How old are they together in five years?"),
        True,
        _("A question that leads on is a step too, if the next step can answer it."),
    ),
    (
        _("I write both conditions as equations, with $a$ and $b$ for their ages today."),
        True,
        _("A new way to go, in one sentence."),
    ),
    (
        _("$a+b=30$ and $a+5=3(b+5)$, so $4b=20$, $b=5$ and $a=25$."),
        False,
        _("All of it is right, but it is the whole solution. One step at a time."),
    ),
    (_("Let us think about their ages."), False, _("Nothing to check, and nothing to go on with.")),
)

FINAL = Lesson(
    name="final-answer",
    title=_("Never call a wrong final answer Great"),
    problem=_("Three years in a row have exactly one leap year among them. How many days do they have together?"),
    guess="1096",
    before=(_("An ordinary year has $365$ days and a leap year has $366$."),),
    steps=(
        bad(
            _(r"$3\cdot 365=1095$." + "\n\n# Answer\n\n1095"),
            _("The product is right, the answer is not: the leap day is missing. Great would end the problem with it."),
        ),
        great(
            "$365+365+366=1096$.\n\n# Answer\n\n1096",
            _("The right final answer. Once you call it Great, the problem is solved."),
        ),
        okay(_("Leap years have a 29th of February."), _("True, and known to everybody by now.")),
    ),
    are_options=True,
)

OPTIONS = (SEVERAL, DOUBT, FINAL)
