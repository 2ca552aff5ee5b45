"""Practice: solutions in which the question is whether, and where, something is wrong. Ours from the first word."""

from django.utils.translation import gettext_lazy as _

from labeling_ui.lessons.shapes import GREAT, OKAY, Lesson, Theme, bad, either, great

EQUATION = Lesson(
    name="equation",
    title=_("A slip of the sign"),
    problem=_("Solve $3(x-4)=2x+5$."),
    guess="17",
    steps=(
        great(
            _("Expanding the bracket gives $3x-12=2x+5$."),
            _(r"$3\cdot x=3x$ and $3\cdot 4=12$: right, and the bracket is gone."),
            okay=_("It is small, but small steps are welcome: this one had to be taken."),
        ),
        great(
            _("I take $2x$ from both sides: $x-12=5$."),
            _("$3x-2x=x$, and the right side keeps its $5$. Only the $-12$ is left in the way."),
            bad=_("Check it once more: nothing is wrong here."),
        ),
        bad(
            _("So $x=5-12=-7$."),
            _("To undo $-12$ one adds $12$: $x=5+12=17$."),
            okay=_("A false result is never Okay, however small the slip."),
            great=_("It looks like the natural last move, and that is what makes it easy to miss."),
        ),
    ),
    after=(_("Both sides are then equal, so this is the only solution."), "# Answer\n\n-7"),
)

BALLS = Lesson(
    name="balls",
    title=_("A rule used where it does not hold"),
    problem=_(
        "A bag holds $3$ red and $2$ blue balls. Two balls are drawn one after the other, without putting the first one "
        "back. What is the probability that both are red?"
    ),
    guess=r"\frac{3}{10}",
    steps=(
        great(
            _(r"The first ball is red with probability $\frac{3}{5}$."),
            _("Three of the five balls are red. A clean start."),
            okay=_("It is one of the two numbers that the answer is made of, so it does bring the solution forward."),
        ),
        great(
            _("If it was red, $2$ of the $4$ balls that are left are red."),
            _("True, and just what the second draw needs."),
            okay=_("It says nothing about probabilities yet, but it holds the second number that is needed."),
        ),
        bad(
            _(
                r"The two draws are independent, so both are red with probability "
                r"$\frac{3}{5}\cdot\frac{3}{5}=\frac{9}{25}$."
            ),
            _(
                "Without putting back, the second draw depends on the first, as the step before has just said: "
                r"$\frac{3}{5}\cdot\frac{2}{4}=\frac{3}{10}$."
            ),
            okay=_("The multiplication is right, but the sentence that leads to it is false, and so is the result."),
            great=_("The multiplication is right, and it is said with confidence. Neither makes it true."),
        ),
    ),
    after=(r"# Answer" + "\n\n" + r"\frac{9}{25}",),
)

FACTOR = Lesson(
    name="factor",
    title=_("A case that is set aside"),
    problem=_("Find all real numbers $x$ with $(x-2)(x+3)=x-2$."),
    guess="-2",
    steps=(
        either(
            _("Both sides contain the factor $x-2$."),
            _("Everything else rests on seeing this. Who takes it for a mere remark is not wrong either."),
            Theme.HELPFUL,
            (GREAT, OKAY),
            bad=_("It is true, and it belongs here."),
        ),
        great(
            _(r"If $x\neq 2$, I may divide both sides by $x-2$ and get $x+3=1$."),
            _("The step says for which $x$ it holds, and so it is right as it stands."),
            bad=_("Dividing by $x-2$ would be wrong without a word about $x=2$. Here the word is there."),
        ),
        great(
            _("In this case $x=-2$."),
            _("$x+3=1$ gives $x=-2$. The other case may still follow."),
            bad=_("So far nothing is claimed to be complete: “in this case” says that another one is open."),
        ),
        bad(
            "# Answer\n\n-2",
            _(
                r"$x=2$ solves the equation too, as $0\cdot 5=0$; it was set aside and never looked at. An incomplete "
                "final answer is Bad, also where it agrees with the guess."
            ),
            Theme.INCOMPLETE,
            okay=_("The number is one of the two solutions, but all of them were asked for."),
            great=_("The number is the guess that you are shown, but the guess is incomplete in the same way."),
        ),
    ),
)

COINS = Lesson(
    name="coins",
    title=_("True, but who could check it?"),
    problem=_("In how many ways can one pay $1$ dollar with coins of $5$, $10$, $20$ and $50$ cents?"),
    guess="49",
    steps=(
        great(
            _("I sort the ways by the number of $50$-cent coins, which is $0$, $1$ or $2$."),
            _("A good plan: each way falls into exactly one of the three cases."),
            okay=_("It counts nothing yet, but a good plan is a step forward."),
        ),
        great(
            _("With two of them the dollar is paid, so there is $1$ way."),
            _("Right, and one of the three cases is settled."),
            okay=_("It is the smallest case, but it is one of three, and done."),
        ),
        bad(
            _("I wrote down all the ways with at most one $50$-cent coin, one after the other, and found $48$."),
            _(
                "The list is not there, and nobody makes one of $48$ ways in 30 seconds. That the number happens to be "
                "right changes nothing."
            ),
            Theme.UNCHECKABLE,
            okay=_("It may well be true, but you would have to believe it."),
            great=_("It fits the guess, since $48+1=49$, but you could not know that it is true."),
        ),
    ),
    after=(_("Together there are $48+1=49$ ways."), "# Answer\n\n49"),
)

TRIANGLE = Lesson(
    name="triangle",
    title=_("A picture that is not there"),
    problem=_("A triangle has sides of length $5$, $5$ and $6$. What is its area?"),
    guess="12",
    steps=(
        great(
            _("Two sides are equal, so the height onto the side of length $6$ meets that side in its middle."),
            _("True, and the key: it makes two right triangles with a leg of length $3$."),
            okay=_("Nothing is computed yet, but this is what makes the height easy to find."),
        ),
        bad(
            _("As one can see in the drawing, the height is $4$."),
            _(
                r"There is no drawing. The height is $4$, because $\sqrt{5^2-3^2}=4$, but the step gives another "
                "reason, and that one nobody can look at."
            ),
            Theme.CONTEXT,
            okay=_("The number is right. What the step rests on is missing."),
            great=_("The number is right. What the step rests on is missing."),
        ),
    ),
    after=(_(r"The area is $\frac{1}{2}\cdot 6\cdot 4=12$."), "# Answer\n\n12"),
)
