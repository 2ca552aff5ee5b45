"""The worked examples of the instructions, for judging a solution (phase 2). Ours from the first word."""

from django.utils.translation import gettext_lazy as _

from labeling_ui.lessons.shapes import GREAT, Lesson, Step, bad, great, okay

FIRST_ERROR = Lesson(
    name="first-error",
    title=_("Stop at the first error"),
    problem=_("A rectangle has perimeter $28$. One side is $3$ longer than the other. What is its area?"),
    guess="46.75",
    steps=(
        great(
            _("Let the shorter side be $x$. Then the longer side is $x+3$."),
            _("A clear start that the rest can build on."),
        ),
        great(_("The perimeter is $2x+2(x+3)=28$, so $4x+6=28$."), _("Right, and nearer to $x$.")),
        bad(
            _("Therefore $4x=34$ and $x=8.5$."),
            _("Six was added instead of taken away: $4x=22$. You stop here and submit, whatever comes behind it."),
        ),
    ),
    after=(_(r"So the area is $8.5\cdot 11.5=97.75$."), "# Answer\n\n97.75"),
)

NO_ERROR = Lesson(
    name="no-error",
    title=_("No error at all"),
    problem=_("How many positive divisors does $36$ have?"),
    guess="9",
    steps=(
        great(_(r"I write $36$ as a product of primes: $36=2^2\cdot 3^2$."), _("The key to the problem.")),
        okay(_("A prime is a number with exactly two divisors."), _("True, but the solution is where it was.")),
        great(
            _(
                r"A divisor takes $0$, $1$ or $2$ factors $2$ and $0$, $1$ or $2$ factors $3$, so there are $3\cdot 3=9$."
            ),
            _("Right and easy to check."),
        ),
        great("# Answer\n\n9", _("The right final answer. All steps are rated; submit.")),
    ),
)

INCOMPLETE = Lesson(
    name="incomplete",
    title=_("A final answer that is incomplete"),
    problem=_("Find all real numbers $x$ with $x^2=5x$."),
    guess="5",
    steps=(
        great(
            _(r"If $x\neq 0$, I may divide by $x$ and get $x=5$."),
            _("Right as it stands: it says for which $x$ it holds."),
        ),
        bad(
            "# Answer\n\n5",
            _(
                "The answer is incomplete: $x=0$ was set aside and never looked at. An incomplete final answer is Bad, "
                "also where its number is right or agrees with the guess."
            ),
        ),
    ),
)

UNCHECKABLE = Lesson(
    name="uncheckable",
    title=_("A computation that nobody can check"),
    problem=_("How many of the numbers from $0$ to $999$ contain the digit $7$?"),
    guess="271",
    steps=(
        bad(
            _("I go through the numbers one by one and count $271$ that contain a $7$."),
            _(
                "True, but nobody can check it in 30 seconds. “Three digits without a $7$ can be chosen in $9^3=729$ "
                "ways, so the others are $1000-729=271$” would have been Great."
            ),
        ),
    ),
    after=("# Answer\n\n271",),
)

STANDSTILL = Lesson(
    name="standstill",
    title=_("True statements that lead no further"),
    problem=_("What is the last digit of $3^{41}$?"),
    guess="3",
    steps=(
        great(_("$3$, $9$, $27$: the first three powers end in $3$, $9$ and $7$."), _("A sensible way to begin.")),
        great(_("$3^4=81$ ends in $1$, and $3^5=243$ ends in $3$ again."), _("Here one sees that it goes round.")),
        okay(
            _("$3^6=729$ ends in $9$."),
            _(
                "Still true, but it shows nothing new. From here on more of the same is Okay; you need not find the exact line."
            ),
        ),
        okay(_("$3^7=2187$ ends in $7$."), _("The same. Were it a power that stands there already, it would be Bad.")),
        great(
            _(r"As $41=4\cdot 10+1$, the last digit is that of $3^1$." + "\n\n# Answer\n\n3"),
            _("At last somebody acts, and the answer is right."),
        ),
    ),
)

PATTERN = Lesson(
    name="pattern",
    title=_("A guess at a pattern, and a false statement"),
    problem=_(
        "Six points lie on a circle. All chords between them are drawn, and no three of them meet in one point inside. "
        "Into how many regions do they cut the disc?"
    ),
    guess="31",
    steps=(
        great(
            _("With $1$, $2$, $3$ and $4$ points there are $1$, $2$, $4$ and $8$ regions."),
            _("True, and a sensible start."),
        ),
        okay(
            _("It looks as if each further point doubles the number."),
            _(
                "It is not so, but it does look so, and nothing more is said. An honest guess that is not plainly wrong is Okay."
            ),
        ),
        bad(
            _("So with six points there are $32$ regions."),
            _("Now the guess has become a statement, and the statement is false: there are $31$."),
        ),
    ),
    after=("# Answer\n\n32",),
)

WRONG_GUESS = Lesson(
    name="wrong-guess",
    title=_("The guess is wrong, the solution is not"),
    problem=_("What is the smallest positive number with exactly four divisors?"),
    guess="8",
    steps=(
        great(_("The numbers $1$ to $5$ have $1$, $2$, $2$, $3$ and $2$ divisors."), _("True, and quick to check.")),
        great(
            _("$6$ is divided by $1$, $2$, $3$ and $6$.\n\n# Answer\n\n6"),
            _("Right. The guess was wrong; a person will look at it again, because you found no error."),
        ),
    ),
)

SOLUTIONS = (FIRST_ERROR, NO_ERROR, INCOMPLETE, UNCHECKABLE, STANDSTILL, PATTERN, WRONG_GUESS)

ALTERNATIVES = Lesson(
    name="alternatives",
    title=_("Instead of “Therefore $4x=34$ and $x=8.5$”"),
    problem=_("The rectangle from above: $4x+6=28$ is reached, and the next step was wrong."),
    steps=(
        great(_("I take $6$ from both sides: $4x=22$."), _("Right, and one division from $x$.")),
        okay(_("The sides of a rectangle are longer than zero."), _("True, and it fits, but it is not needed here.")),
        bad(
            _("So $4x=28-6=20$."),
            _("$28-6=22$. Judge it for itself: being less wrong than another step is not enough."),
        ),
        Step(
            _("So $x=5,5$."),
            (GREAT,),
            _(
                "With a decimal comma it is right, since $22/4$ is five and a half; as two numbers it would be nonsense. "
                "Rate what you think it means, and mark it “?”: a person looks at it."
            ),
            flagged=True,
        ),
    ),
    are_options=True,
)
