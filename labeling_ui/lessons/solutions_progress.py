"""Practice: solutions in which the question is what brings a solution forward. Ours from the first word."""

from django.utils.translation import gettext_lazy as _

from labeling_ui.lessons.shapes import GREAT, OKAY, Lesson, Theme, bad, either, great, okay

NOTEBOOKS = Lesson(
    name="notebooks",
    title=_("One step after the other"),
    problem=_(
        "A pen costs $3$ dollars and a notebook $5$ dollars. Mia buys $4$ pens and some notebooks, and pays $37$ "
        "dollars. How many notebooks does she buy?"
    ),
    guess="5",
    steps=(
        great(
            _(r"The four pens cost $4\cdot 3=12$ dollars."),
            _("Right, quick to check, and the first thing that one needs."),
            okay=_("It is an easy step, but easy is no fault: it brings the solution forward."),
        ),
        great(
            _("So the notebooks cost $37-12=25$ dollars together."),
            _("Right, and one division away from the answer."),
            okay=_("It does bring the solution forward: now the price of all the notebooks is known."),
        ),
        okay(
            _("The problem says that a notebook costs $5$ dollars."),
            _("True, and it fits, but it only restates the problem. The solution stands where it stood."),
            bad=_("Nothing is wrong with it, and it was not said before; so it is better than Bad."),
            great=_("The price is needed next, but it was there all along."),
        ),
        great(
            _("Therefore there are $25/5=5$ notebooks.\n\n# Answer\n\n5"),
            _("The right final answer. Every step is rated and none is Bad: so you submit the solution as it is."),
            okay=_("The right final answer is always Great, when it is complete."),
        ),
    ),
)

REMAINDER = Lesson(
    name="remainder",
    title=_("One more of the same"),
    problem=_("What is the remainder when $2^{100}$ is divided by $7$?"),
    guess="2",
    steps=(
        great(
            _("I look at small powers first: $2^1=2$ and $2^2=4$ leave the remainders $2$ and $4$."),
            _("Small cases are a sensible way to find a pattern."),
            okay=_("It is an attempt that may well help, and that is enough."),
        ),
        great(
            _("$2^3=8$ leaves the remainder $1$."),
            _("The remainder $1$ is what one hopes for: from here on it goes round."),
            okay=_("It is one more power, but this one decides the problem."),
        ),
        either(
            _("$2^4=16$ leaves the remainder $2$."),
            _("It shows that the remainders begin again. By now one may also find that the pattern was clear."),
            Theme.STALLING,
            (GREAT, OKAY),
            bad=_("It is true and close to the point. Only plain repetition would be Bad."),
        ),
        okay(
            _("$2^5=32$ leaves the remainder $4$, and $2^6=64$ leaves $1$."),
            _("True, but it was clear by now. The time has come to use the pattern."),
            bad=_("It is new, if not useful. If the same powers came once more, that would be Bad."),
            great=_("Each single power helps less than the one before, and this pair does not help any more."),
        ),
        great(
            _(
                r"$100=3\cdot 33+1$, so $2^{100}=(2^3)^{33}\cdot 2$ leaves the same remainder as $1^{33}\cdot 2=2$."
                "\n\n# Answer\n\n2"
            ),
            _("This is the decisive step, and the final answer is right."),
            bad=_(r"Check it part by part: $3\cdot 33+1=100$, and $2^3$ may be replaced by its remainder $1$."),
        ),
    ),
)

CIRCLE = Lesson(
    name="circle",
    title=_("Once round"),
    problem=_("The sum of two numbers is $20$ and their difference is $6$. What is the larger one?"),
    guess="13",
    steps=(
        great(
            _("Let $a$ be the larger and $b$ the smaller number. Then $a+b=20$ and $a-b=6$."),
            _("The whole problem in two equations."),
            okay=_("It says again what the problem says, but in a form that one can work with."),
        ),
        great(
            _("From the second equation, $a=b+6$."),
            _("Ready to be put into the first equation."),
            okay=_("It is small, but it prepares the next step: that is progress."),
        ),
        bad(
            _("Since $a=b+6$, the difference of the two numbers is $a-b=6$."),
            _("True, but it undoes the step before and ends where the problem began. Going round in a circle is Bad."),
            Theme.CIRCLES,
            okay=_("It is more than a pause: it takes back what was reached."),
            great=_("Nothing in it is false, but it leads backwards."),
        ),
    ),
    after=(_("So $(b+6)+b=20$ and $b=7$."), _("Hence $a=7+6=13$.\n\n# Answer\n\n13")),
)

RECTANGLE = Lesson(
    name="rectangle",
    title=_("What deserves to be called an error"),
    problem=_("A rectangle is $8$ cm long and $6$ cm wide. How long is its diagonal, in centimetres?"),
    guess="10",
    steps=(
        great(
            _("The diagonal cuts the rectangle into two right triangels with legs of $8$ cm and $6$ cm."),
            _("Right, and the idea of the solution. A misspelt word misleads nobody."),
            Theme.SUBSTANCE,
            bad=_("You may have seen that “triangels” is misspelt."),
            okay=_("If it was the misspelt word that you minded: let it pass."),
        ),
        either(
            _("By the theorem of Pythagoras, $d^2=8^2+6^2=64+36=100$ cm."),
            _(
                "The unit of $d^2$ is cm², not cm. The numbers are right and nobody is misled: a small looseness, and "
                "at most a reason for Okay."
            ),
            Theme.SUBSTANCE,
            (OKAY, GREAT),
            bad=_("Substance, not nitpicks."),
        ),
        great(
            _("A length is positive, so $d=10$ cm.\n\n# Answer\n\n10"),
            _("Right, with the reason why $-10$ is left out."),
            okay=_("The right final answer is always Great, when it is complete."),
        ),
    ),
)

DIGITS = Lesson(
    name="digits",
    title=_("When the guess says something else"),
    problem=_("How many three-digit numbers have digits that add up to $3$?"),
    guess="5",
    steps=(
        great(
            _("I sort them by the first digit, which is $1$, $2$ or $3$."),
            _("A good plan: it forgets nothing, and counts nothing twice."),
            okay=_("It counts nothing yet, but a good plan is a step forward."),
        ),
        great(
            _("With first digit $3$ the other two are $0$: only $300$."),
            _("Right, one case is done."),
        ),
        great(
            _("With first digit $2$ the other two add up to $1$: $201$ and $210$."),
            _("Right, two more."),
        ),
        great(
            _("With first digit $1$ the other two add up to $2$: $102$, $111$ and $120$."),
            _("Right, three more; $0+2$, $1+1$ and $2+0$ are all there is."),
            Theme.GUESS,
            bad=_("If you were looking for the mistake because the guess says $5$: there is none."),
        ),
        great(
            _("Together there are $1+2+3=6$ such numbers.\n\n# Answer\n\n6"),
            _(
                "Right. The guess of $5$ is wrong; nobody has to be told, for a flawless solution that ends elsewhere "
                "makes a person look at the guess again."
            ),
            Theme.GUESS,
            okay=_("You counted along and found $6$? Then trust your count."),
            bad=_("The guess says $5$, but the six numbers stand there, each one right."),
        ),
    ),
)
